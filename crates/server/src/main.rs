//! The binary `mif`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use mif_server::cli::Cli;

// Many small allocations from several threads: measurably faster here than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Huge pages round a small heap up to many times its size; the speed they bring does not show in the bench.
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        let _ = writeln!(std::io::stderr(), "mif: it will take more memory than it needs: {error}");
    }
    let cli = Cli::parse();
    match actix_web::rt::System::new().block_on(mif_server::run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be done when even this cannot be written.
            let _ = writeln!(std::io::stderr(), "mif: {error:#}");
            ExitCode::FAILURE
        }
    }
}
