//! The ring of keys: who may read it, who makes it, how a running server learns of changes, and what it seals.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Barrier};

use chrono::TimeDelta;
use mif_domain::Clock as _;
use mif_domain::documents::{FileKeys as _, FileStore as _, FileStoreError};
use mif_domain::secrets::{SealedSecret, SecretError, SecretSealer as _};
use mif_filestore::{DiskStore, KeyRing, KeySource, RingError};
use mif_keyfiles::KeyFileError;
use mif_testkit::{FakeClock, SeededEntropy};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::support::Disk;

const FIRST: &str = "files-0-first.key";

struct Folder {
    root: TempDir,
    clock: Arc<FakeClock>,
}

impl Folder {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), clock: Arc::default() }
    }

    fn path(&self) -> PathBuf {
        self.root.path().join("keys")
    }

    fn open_with(&self, create: bool, seed: u64) -> Result<KeyRing, RingError> {
        let source = KeySource::Folder(self.path());
        KeyRing::open(source, create, self.clock.clone(), Arc::new(SeededEntropy::new(seed)))
    }

    fn open(&self) -> KeyRing {
        self.open_with(true, 1).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn write(&self, name: &str, content: &[u8], mode: u32) {
        fs::write(self.path().join(name), content).unwrap();
        fs::set_permissions(self.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn from_setting(text: &str) -> Result<KeyRing, RingError> {
    let source = KeySource::Setting(Zeroizing::new(text.to_owned()));
    KeyRing::open(source, true, Arc::new(FakeClock::default()), Arc::new(SeededEntropy::new(9)))
}

fn names(ring: &KeyRing) -> Vec<(String, bool)> {
    ring.list().unwrap().into_iter().map(|key| (key.key_id, key.encrypts)).collect()
}

fn encrypting(ring: &KeyRing) -> String {
    names(ring)[0].0.clone()
}

#[test]
fn the_first_start_makes_a_folder_and_a_key_for_its_owner_only() {
    let folder = Folder::new();
    let ring = folder.open();
    assert_eq!(folder.files(), [FIRST]);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(folder.path().join(FIRST)), 0o600);
    assert_eq!(fs::read_to_string(folder.path().join(FIRST)).unwrap().len(), 45);
    assert_eq!(names(&folder.open_with(true, 2).unwrap()), names(&ring));
}

#[test]
fn starts_that_race_agree_on_one_key() {
    let folder = Arc::new(Folder::new());
    let barrier = Arc::new(Barrier::new(8));
    let racers: Vec<_> = (0..8)
        .map(|seed| {
            let (folder, barrier) = (Arc::clone(&folder), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                names(&folder.open_with(true, seed).unwrap())
            })
        })
        .collect();
    let mut seen: Vec<_> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
    seen.dedup();
    assert_eq!(seen.len(), 1);
    assert_eq!(folder.files(), [FIRST]);
}

#[test]
fn without_leave_to_create_a_missing_key_stops_the_start_and_names_the_settings() {
    let folder = Folder::new();
    for _ in 0..2 {
        let error = folder.open_with(false, 1).unwrap_err();
        assert!(matches!(error, RingError::Missing(_)));
        assert!(error.to_string().contains("MIF_KEYS__DIR") && error.to_string().contains("MIF_STORAGE__KEYS"));
        fs::create_dir_all(folder.path()).unwrap();
    }
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = Folder::new();
    let ring = folder.open();
    let key = fs::read(folder.path().join(FIRST)).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        folder.write(FIRST, &key, mode);
        let error = folder.open_with(true, 1).unwrap_err();
        assert!(matches!(error, RingError::File(KeyFileError::Exposed { .. })), "{mode:o}: {error}");
    }
    folder.write(FIRST, &key, 0o400);
    assert_eq!(names(&folder.open()), names(&ring));
}

#[test]
fn a_broken_key_file_is_named_and_not_shown() {
    let folder = Folder::new();
    folder.open();
    let good = fs::read(folder.path().join(FIRST)).unwrap();
    for (name, content) in [
        ("files-1-words.key", b"not a key at all".as_slice()),
        ("files-1-empty.key", b""),
        ("files-1-cut.key", &good[..40]),
        ("files-1-bytes.key", &[0xff; 45]),
        ("files-soon.key", &good),
    ] {
        folder.write(name, content, 0o600);
        let error = folder.open_with(true, 1).unwrap_err();
        assert!(
            matches!(error, RingError::File(KeyFileError::Unusable { .. })) && error.to_string().contains(name),
            "{error}"
        );
        assert!(!error.to_string().contains("not a key at all"));
        fs::remove_file(folder.path().join(name)).unwrap();
    }
}

#[test]
fn a_new_key_encrypts_from_its_second_on_in_every_replica() {
    let folder = Folder::new();
    let (one, other) = (folder.open(), folder.open_with(false, 2).unwrap());
    let old = encrypting(&one);
    let new = one.add(folder.clock.now() + TimeDelta::seconds(10)).unwrap();
    assert_eq!(names(&one), [(old.clone(), true), (new.clone(), false)]);
    assert_eq!(names(&other), [(old.clone(), true)]);

    folder.clock.advance(TimeDelta::seconds(2));
    assert_eq!(names(&other), [(old.clone(), true), (new.clone(), false)]);
    folder.clock.advance(TimeDelta::seconds(8));
    for ring in [&one, &other] {
        assert_eq!(names(ring), [(new.clone(), true), (old.clone(), false)]);
    }
    assert_eq!(folder.files()[1], format!("files-{}-{new}.key", folder.clock.now().timestamp()));
}

#[test]
fn an_unknown_key_is_looked_for_at_once_but_not_all_the_time() {
    let folder = Folder::new();
    let (one, other) = (folder.open(), folder.open_with(false, 2).unwrap());
    let seal = |age: i64| {
        one.add(folder.clock.now() - TimeDelta::seconds(age)).unwrap();
        one.seal("test", 1, b"secret").unwrap()
    };
    let first = seal(20);
    assert_eq!(other.open("test", 1, &first).unwrap().as_slice(), b"secret");
    folder.clock.advance(TimeDelta::milliseconds(500));
    let second = seal(10);
    assert_eq!(other.open("test", 1, &second).unwrap_err(), SecretError::UnknownKey(second.key_id.clone()));
    folder.clock.advance(TimeDelta::milliseconds(500));
    assert_eq!(other.open("test", 1, &second).unwrap().as_slice(), b"secret");
}

#[test]
fn a_key_that_is_not_in_use_can_be_removed() {
    let folder = Folder::new();
    let ring = folder.open();
    let old = encrypting(&ring);
    let sealed = ring.seal("test", 1, b"secret").unwrap();
    assert!(matches!(ring.remove(&old), Err(RingError::InUse(id)) if id == old));
    assert!(matches!(ring.remove("0000000000000000"), Err(RingError::Unknown(_))));

    let new = ring.add(folder.clock.now()).unwrap();
    ring.remove(&old).unwrap();
    assert_eq!(names(&ring), [(new, true)]);
    assert_eq!(ring.open("test", 1, &sealed).unwrap_err(), SecretError::UnknownKey(old));
    assert_eq!(folder.files().len(), 1);
}

#[test]
fn a_folder_that_goes_away_leaves_the_known_keys_in_use() {
    let folder = Folder::new();
    let ring = folder.open();
    let known = names(&ring);
    let sealed = ring.seal("test", 1, b"secret").unwrap();
    fs::rename(folder.path(), folder.root.path().join("elsewhere")).unwrap();
    for _ in 0..3 {
        folder.clock.advance(TimeDelta::seconds(5));
        assert_eq!(names(&ring), known);
        assert_eq!(ring.open("test", 1, &sealed).unwrap().as_slice(), b"secret");
    }
    fs::create_dir(folder.path()).unwrap();
    folder.write(FIRST, b"rubbish", 0o600);
    folder.clock.advance(TimeDelta::seconds(5));
    assert_eq!(names(&ring), known);
}

const SETTING: &str =
    "new:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=, old:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

#[test]
fn of_keys_in_a_setting_the_first_encrypts() {
    let ring = from_setting(SETTING).unwrap();
    assert_eq!(names(&ring), [("new".to_owned(), true), ("old".to_owned(), false)]);
    assert!(matches!(ring.add(FakeClock::default().now()), Err(RingError::NotAFolder)));
    assert!(matches!(ring.remove("old"), Err(RingError::NotAFolder)));
    let (_, old) = SETTING.split_once(", ").unwrap();
    let sealed = from_setting(old).unwrap().seal("test", 1, b"secret").unwrap();
    assert_eq!(ring.open("test", 1, &sealed).unwrap().as_slice(), b"secret");
    assert_eq!(ring.reseal("test", 1, &sealed).unwrap().key_id, "new");
}

#[test]
fn a_bad_setting_is_refused_by_the_number_of_its_entry() {
    let (good, _) = SETTING.split_once(", ").unwrap();
    for (text, number) in [
        (String::new(), 1),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(), 1),
        (format!("{good},"), 2),
        (format!("{good},old:AAAA"), 2),
        (format!("{good},{good}"), 2),
        (format!("{good},a b:ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="), 2),
    ] {
        let error = from_setting(&text).unwrap_err();
        assert!(matches!(error, RingError::Setting(entry) if entry == number), "{text}: {error}");
        assert!(!error.to_string().contains("AAEC"));
    }
}

#[test]
fn no_key_is_shown_by_debug() {
    let source = KeySource::Setting(Zeroizing::new(SETTING.to_owned()));
    let shown = format!("{source:?} {:?} {:?}", from_setting(SETTING).unwrap(), Folder::new().open());
    assert!(!shown.contains("AAEC") && !shown.contains("[0, 1, 2"), "{shown}");
}

#[test]
fn a_secret_opens_for_its_purpose_and_owner_only() {
    let ring = from_setting(SETTING).unwrap();
    let sealed = ring.seal("totp", 7, b"seed").unwrap();
    assert_eq!(ring.open("totp", 7, &sealed).unwrap().as_slice(), b"seed");
    assert_eq!(ring.open("totp", 8, &sealed).unwrap_err(), SecretError::Corrupt);
    assert_eq!(ring.open("webhook", 7, &sealed).unwrap_err(), SecretError::Corrupt);
    let other_key = SealedSecret { key_id: "old".to_owned(), ..sealed.clone() };
    assert_eq!(ring.open("totp", 7, &other_key).unwrap_err(), SecretError::Corrupt);
    for at in 0..sealed.bytes.len() {
        let mut changed = sealed.clone();
        changed.bytes[at] ^= 1;
        assert_eq!(ring.open("totp", 7, &changed).unwrap_err(), SecretError::Corrupt);
    }
    assert!(ring.seal("totp", 7, b"seed").unwrap().bytes != sealed.bytes, "a nonce was used twice");
    assert!(!sealed.bytes.windows(4).any(|window| window == b"seed"));
}

#[tokio::test]
async fn a_file_key_is_no_secret_and_a_secret_no_file_key() {
    let disk = Disk::new();
    let file = disk.store(b"content").await.file;
    let as_secret = SealedSecret { key_id: file.key.key_id.clone(), bytes: file.key.bytes.clone() };
    assert_eq!(disk.ring.open("totp", 1, &as_secret).unwrap_err(), SecretError::Corrupt);
    let mut as_key = file.clone();
    as_key.key.bytes = disk.ring.seal("totp", 1, &[7; 32]).unwrap().bytes;
    assert!(matches!(disk.read(&as_key).await.1, Some(FileStoreError::Corrupt { .. })));
}

#[tokio::test]
async fn a_rotation_rewraps_and_the_old_key_may_go() {
    let disk = Disk::new();
    let mut file = disk.store(b"content").await.file;
    let old = file.key.key_id.clone();
    let new = disk.ring.add(disk.clock.now()).unwrap();
    file.key = disk.ring.rewrap(&file).unwrap();
    assert_eq!(file.key.key_id, new);
    disk.ring.remove(&old).unwrap();
    assert_eq!(disk.read(&file).await, (b"content".to_vec(), None));
}

#[tokio::test]
async fn without_a_key_nothing_is_stored() {
    let (disk, folder) = (Disk::new(), Folder::new());
    let (ring, root) = (Arc::new(folder.open()), disk.path().join("other"));
    let store = DiskStore::open(root.clone(), ring, Arc::new(SeededEntropy::new(4)), folder.clock.clone()).unwrap();
    let mut file = store.create().await.unwrap();
    file.write(b"content").await.unwrap();
    // Before the activation of every key that there is.
    folder.clock.set(folder.clock.now() - TimeDelta::days(365 * 100));
    assert!(matches!(file.finish().await, Err(FileStoreError::UnknownKey(_))));
    assert_eq!(fs::read_dir(root).unwrap().count(), 1, "only the folder of unfinished files");
}
