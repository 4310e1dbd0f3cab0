//! How fast the disk store is, as a part of what one core's ChaCha20-Poly1305 reaches on buffers of 64 KiB.
//!
//! `cargo run --release -p mif-filestore --example throughput -- <folder> [MiB]` prints one line of JSON. Writing includes
//! the SHA-256 and the last fsync; reading comes from the page cache.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement looks at the clock and prints what it saw"
)]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chacha20poly1305::aead::{AeadInOut as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use mif_domain::documents::FileStore as _;
use mif_filestore::{DiskStore, KeyRing, KeySource};
use mif_testkit::{FakeClock, SeededEntropy};

const MIB: usize = 1024 * 1024;
const PIECE: usize = 64 * 1024;

fn ceiling(mebibytes: usize) -> Result<Duration, Box<dyn Error>> {
    let cipher = ChaCha20Poly1305::new(&Key::from([7; 32]));
    let mut buffer = vec![1; PIECE];
    let begun = Instant::now();
    for number in 0..(mebibytes * MIB / PIECE) as u64 {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&number.to_be_bytes());
        let tag = cipher.encrypt_inout_detached(&Nonce::from(nonce), &[0; 80], buffer.as_mut_slice().into());
        std::hint::black_box(tag.map_err(|_| "encryption failed")?);
    }
    Ok(begun.elapsed())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = PathBuf::from(args.next().ok_or("which folder?")?).join("mif-throughput");
    let mebibytes: usize = args.next().map_or(Ok(1024), |text| text.parse())?;

    let clock = Arc::new(FakeClock::default());
    let entropy = Arc::new(SeededEntropy::default());
    let ring = KeyRing::open(KeySource::Folder(folder.join("keys")), true, clock.clone(), entropy.clone())?;
    let store = DiskStore::open(folder.join("documents"), Arc::new(ring), entropy, clock)?;

    ceiling(64)?;
    let ceiling = ceiling(mebibytes)?;

    let piece = vec![42; PIECE];
    let begun = Instant::now();
    let mut file = store.create().await?;
    for _ in 0..mebibytes * MIB / PIECE {
        file.write(&piece).await?;
    }
    let last = Instant::now();
    let sealed = file.finish().await?;
    let (written, finishing) = (begun.elapsed(), last.elapsed());

    let begun = Instant::now();
    let mut content = store.read(&sealed.file, 0..sealed.file.size).await?;
    let mut size = 0;
    while let Some(piece) = content.next().await? {
        size += piece.len();
    }
    let read = begun.elapsed();
    assert_eq!(size, mebibytes * MIB, "all of it was read");
    std::fs::remove_dir_all(&folder)?;

    let speed = |took: Duration| mebibytes as f64 / took.as_secs_f64();
    println!(
        "{}",
        serde_json::json!({
            "mebibytes": mebibytes,
            "ceiling_mib_s": speed(ceiling).round(),
            "write_mib_s": speed(written).round(),
            "read_mib_s": speed(read).round(),
            "finish_ms": finishing.as_millis(),
            "write_ratio": (speed(written) / speed(ceiling) * 1000.0).round() / 1000.0,
            "read_ratio": (speed(read) / speed(ceiling) * 1000.0).round() / 1000.0,
        })
    );
    Ok(())
}
