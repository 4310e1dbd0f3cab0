//! The binary `mif`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use mif_server::cli::Cli;

// Many small allocations from several threads: measurably faster here than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
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
