//! The store in a bucket, against the server that `cargo xtask test` starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mif_domain::documents::{FileId, FileStore as _, FileStoreError, StoreHealth};
use mif_domain::{Clock, Instant};
use mif_filestore::{S3Settings, S3Store};
use mif_testkit::contracts::files::{FileBackend, bytes};
use mif_testkit::{FakeClock, SeededEntropy};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use zeroize::Zeroizing;

use crate::support::{Disk, ring};

mif_testkit::file_contracts!(crate::s3::fixture);

const BUCKET: &str = "mif";
static COUNT: AtomicU64 = AtomicU64::new(1);

#[expect(clippy::disallowed_methods, reason = "the test command tells its tests where the server is")]
fn endpoint() -> String {
    std::env::var("MIF_TEST_S3").expect(
        "MIF_TEST_S3 does not name an S3 server with a bucket `mif`: run `cargo xtask test`, which starts one for the tests",
    )
}

/// The server says how old an object is, so its tests look at the same clock.
#[derive(Debug)]
struct RealClock;

#[expect(clippy::disallowed_methods, reason = "the server beside us has no other clock")]
impl Clock for RealClock {
    fn now(&self) -> Instant {
        std::time::SystemTime::now().into()
    }

    fn uptime(&self) -> Duration {
        Duration::ZERO
    }
}

struct Bucket {
    store: S3Store,
    backend: FileBackend,
    prefix: String,
}

fn settings(prefix: &str, endpoint: String) -> S3Settings {
    S3Settings {
        url: format!("s3://{BUCKET}/{prefix}"),
        endpoint: Some(endpoint),
        region: "us-east-1".to_owned(),
        access_key: "test".to_owned(),
        secret_key: Zeroizing::new("test".to_owned()),
        allow_http: true,
    }
}

fn bucket() -> Bucket {
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let prefix = format!("t{}/{number}", std::process::id());
    // Only for a folder with keys.
    let disk = Disk::new();
    let ring = Arc::new(ring(disk.path(), &disk.clock));
    let store = S3Store::open(
        &settings(&prefix, endpoint()),
        ring.clone(),
        Arc::new(SeededEntropy::new(number)),
        Arc::new(RealClock),
    )
    .unwrap();
    let keep = disk.backend.keep;
    let backend = FileBackend { store: Arc::new(store.clone()), keys: ring, clock: Arc::new(RealClock), keep };
    Bucket { store, backend, prefix }
}

async fn fixture() -> FileBackend {
    bucket().backend
}

/// A client that owes nothing to the adapter.
fn raw() -> AmazonS3 {
    AmazonS3Builder::new()
        .with_bucket_name(BUCKET)
        .with_region("us-east-1")
        .with_endpoint(endpoint())
        .with_access_key_id("test")
        .with_secret_access_key("test")
        .with_allow_http(true)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_changed_object_is_refused() {
    let bucket = bucket();
    let content = bytes(2_200_000);
    let file = bucket.backend.store(&content).await.file;
    let path = Path::from(format!("{}/{}.mif", bucket.prefix, file.id));
    let blob = raw().get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(blob.len(), 80 + content.len() + 34 * 16);

    let flip = |at: usize| {
        let mut blob = blob.to_vec();
        blob[at] ^= 1;
        blob
    };
    let longer = [&blob[..], b"x"].concat();
    for changed in [flip(0), flip(12), flip(50), flip(100), flip(2_000_000), blob[..40].to_vec(), Vec::new(), longer] {
        let length = changed.len();
        raw().put(&path, PutPayload::from(changed)).await.unwrap();
        let read = bucket.backend.part(&file, 0..file.size).await;
        assert!(matches!(read, Err(FileStoreError::Corrupt { id, .. }) if id == file.id), "{length} bytes: {read:?}");
    }
}

#[tokio::test]
async fn other_objects_are_no_blobs() {
    let bucket = bucket();
    let file = bucket.backend.store(b"content").await.file;
    for name in
        ["health".to_owned(), "notes.txt".to_owned(), format!("sub/{}.mif", file.id), format!("{}.bak", file.id)]
    {
        let path = Path::from(format!("{}/{name}", bucket.prefix));
        raw().put(&path, PutPayload::from_static(b"x")).await.unwrap();
    }
    let later = RealClock.now() + chrono::TimeDelta::hours(1);
    assert_eq!(bucket.store.list(later, None, 100).await.unwrap(), [file.id]);
    assert_eq!(bucket.store.health().await, StoreHealth::Up { free_bytes: None });
}

#[tokio::test]
async fn a_large_upload_that_is_given_up_leaves_nothing_in_the_bucket() {
    let bucket = bucket();
    let mut file = bucket.store.create().await.unwrap();
    for _ in 0..3 {
        file.write(&bytes(5_500_000)).await.unwrap();
    }
    assert_eq!(uploads(&bucket.prefix).await, 1);
    drop(file);
    for _ in 0..500 {
        if uploads(&bucket.prefix).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the upload was not aborted");
}

/// How many multipart uploads are under way, asked in plain HTTP.
async fn uploads(prefix: &str) -> usize {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let host = endpoint().replace("http://", "");
    let mut stream = tokio::net::TcpStream::connect(&host).await.unwrap();
    let request = format!("GET /{BUCKET}?uploads HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("ListMultipartUploadsResult"), "{answer}");
    answer.matches(&format!("<Key>{prefix}/")).count()
}

#[tokio::test]
async fn a_server_that_is_not_there_is_down_within_five_seconds() {
    let disk = Disk::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = settings("gone", format!("http://{closed}"));
    let store =
        S3Store::open(&settings, disk.ring.clone(), Arc::new(SeededEntropy::new(1)), Arc::new(RealClock)).unwrap();
    let health = tokio::time::timeout(Duration::from_secs(5), store.health()).await.unwrap();
    assert!(matches!(health, StoreHealth::Down { .. }));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_unavailable() {
    let disk = Disk::new();
    let settings = S3Settings { url: "s3://nobody-made-this".to_owned(), ..settings("", endpoint()) };
    let store =
        S3Store::open(&settings, disk.ring.clone(), Arc::new(SeededEntropy::new(1)), Arc::new(RealClock)).unwrap();
    let mut file = store.create().await.unwrap();
    file.write(b"content").await.unwrap();
    assert!(matches!(file.finish().await, Err(FileStoreError::Unavailable(_))));
    assert!(matches!(store.health().await, StoreHealth::Down { .. }));
}

/// A server that says the same to everybody, or nothing at all.
async fn stubborn(answer: Option<&'static str>) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = vec![0; 65_536];
                while stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
                    if let Some(answer) = answer {
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                }
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn a_server_without_room_is_full() {
    let disk = Disk::new();
    let endpoint = stubborn(Some("HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\n\r\n")).await;
    let store = S3Store::open(
        &settings("full", endpoint),
        disk.ring.clone(),
        Arc::new(SeededEntropy::new(1)),
        Arc::new(RealClock),
    )
    .unwrap();
    let mut file = store.create().await.unwrap();
    file.write(b"content").await.unwrap();
    assert_eq!(file.finish().await.unwrap_err(), FileStoreError::Full);
}

#[tokio::test]
async fn a_server_that_never_answers_is_down_within_five_seconds() {
    let disk = Disk::new();
    let settings = settings("mute", stubborn(None).await);
    let store =
        S3Store::open(&settings, disk.ring.clone(), Arc::new(SeededEntropy::new(1)), Arc::new(RealClock)).unwrap();
    let health = tokio::time::timeout(Duration::from_secs(5), store.health()).await.unwrap();
    assert!(matches!(health, StoreHealth::Down { .. }));
}

/// Takes connections and says nothing, until it is told what to say; then that, to everybody.
struct Moody {
    endpoint: String,
    asked: Arc<AtomicU64>,
    answer: Arc<std::sync::Mutex<Option<&'static str>>>,
}

const NOT_NOW: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
const DONE: &str = "HTTP/1.1 204 No Content\r\n\r\n";

async fn moody(answer: &'static str) -> Moody {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (asked, answer) = (Arc::new(AtomicU64::new(0)), Arc::new(std::sync::Mutex::new(Some(answer))));
    let moody = Moody { endpoint, asked: asked.clone(), answer: answer.clone() };
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (asked, answer) = (asked.clone(), answer.clone());
            tokio::spawn(async move {
                let mut request = vec![0; 65_536];
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                    asked.fetch_add(1, Ordering::Relaxed);
                    let answer = *answer.lock().unwrap();
                    if let Some(answer) = answer {
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                }
            });
        }
    });
    moody
}

#[tokio::test]
async fn three_requests_without_an_answer_leave_the_bucket_alone_until_one_gets_through() {
    let disk = Disk::new();
    let server = moody(NOT_NOW).await;
    let clock = Arc::new(FakeClock::default());
    let settings = settings("broken", server.endpoint.clone());
    let store = S3Store::open(&settings, disk.ring.clone(), Arc::new(SeededEntropy::new(1)), clock.clone()).unwrap();
    let remove = || store.remove(FileId([7; 16]));
    for _ in 0..3 {
        assert!(matches!(remove().await, Err(FileStoreError::Unavailable(_))));
    }
    let asked = server.asked.load(Ordering::Relaxed);
    assert!(asked >= 3, "{asked}");
    let began = tokio::time::Instant::now();
    for _ in 0..50 {
        let mut file = store.create().await.unwrap();
        file.write(b"content").await.unwrap();
        assert!(matches!(file.finish().await, Err(FileStoreError::Unavailable(_))));
    }
    // Asked, each would take seconds.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(server.asked.load(Ordering::Relaxed), asked, "nobody is asked");

    *server.answer.lock().unwrap() = Some(DONE);
    clock.advance(chrono::TimeDelta::seconds(10));
    for _ in 0..5 {
        remove().await.unwrap();
    }
}

#[tokio::test]
async fn a_bucket_that_says_no_is_there() {
    let disk = Disk::new();
    let endpoint = stubborn(Some("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")).await;
    let store = S3Store::open(
        &settings("closed", endpoint),
        disk.ring.clone(),
        Arc::new(SeededEntropy::new(1)),
        Arc::new(RealClock),
    );
    let store = store.unwrap();
    for _ in 0..5 {
        let refused = store.remove(FileId([7; 16])).await.unwrap_err().to_string();
        assert!(!refused.contains("left alone"), "{refused}");
    }
}
