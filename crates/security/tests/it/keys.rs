//! The folder of keys: who may read it, who makes it, and how a running server learns of changes.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use jsonwebtoken::Algorithm;
use mif_domain::sessions::{AccessTokens as _, TokenError};
use mif_keyfiles::KeyFileError;
use mif_security::{KeyError, SigningAlgorithm};
use serde_json::json;

use crate::support::{Folder, NOW, at, claims, forge, good_parts, part, secret_der};

const FIRST: &str = "jwt-0-first-eddsa.pem";

#[test]
fn the_first_start_makes_a_folder_and_a_key_for_its_owner_only() {
    let folder = Folder::new();
    drop(folder.open(SigningAlgorithm::EdDsa, true).unwrap());
    assert_eq!(folder.files(), [FIRST]);
    let mode = |path: std::path::PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(folder.path().join(FIRST)), 0o600);
}

#[test]
fn the_second_start_keeps_the_key() {
    let folder = Folder::new();
    let token = folder.tokens().issue(&claims(), at(NOW)).unwrap();
    assert_eq!(folder.tokens().verify(&token, at(NOW)), Ok(claims()));
    assert_eq!(folder.files(), [FIRST]);
}

#[test]
fn without_leave_to_create_a_missing_key_stops_the_start_and_names_the_setting() {
    let folder = Folder::new();
    for _ in 0..2 {
        let error = folder.open(SigningAlgorithm::EdDsa, false).unwrap_err();
        assert!(matches!(error, KeyError::Missing { .. }));
        assert!(error.to_string().contains("MIF_KEYS__DIR"), "{error}");
        fs::create_dir_all(folder.path()).unwrap();
    }
    assert_eq!(folder.files(), Vec::<String>::new());
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    let folder = Folder::new();
    drop(folder.open(SigningAlgorithm::EdDsa, true).unwrap());
    for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
        folder.set_mode(FIRST, mode);
        let error = folder.open(SigningAlgorithm::EdDsa, true).unwrap_err();
        assert!(matches!(error, KeyError::File(KeyFileError::Exposed { .. })), "{mode:o}: {error}");
        assert!(error.to_string().contains(FIRST), "{error}");
    }
    folder.set_mode(FIRST, 0o400);
    assert!(folder.open(SigningAlgorithm::EdDsa, false).is_ok());
}

#[test]
fn a_broken_key_file_is_named() {
    let folder = Folder::new();
    drop(folder.open(SigningAlgorithm::EdDsa, true).unwrap());
    let pem = fs::read_to_string(folder.path().join(FIRST)).unwrap();
    for (name, content) in [
        ("jwt-1-broken.pem", "not a key".as_bytes()),
        ("jwt-1-empty.pem", b""),
        ("jwt-1-bytes.pem", &[0xff, 0xfe]),
        ("jwt-1-cut.pem", &pem.as_bytes()[..60]),
        ("jwt-soon.pem", pem.as_bytes()),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        folder.set_mode(name, 0o600);
        let error = folder.open(SigningAlgorithm::EdDsa, true).unwrap_err();
        assert!(matches!(error, KeyError::File(KeyFileError::Unusable { .. })), "{name}: {error}");
        assert!(error.to_string().contains(name), "{error}");
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn other_files_in_the_folder_are_left_alone() {
    let folder = Folder::new();
    drop(folder.open(SigningAlgorithm::EdDsa, true).unwrap());
    fs::write(folder.path().join("files-1.key"), "a document key").unwrap();
    fs::write(folder.path().join(".jwt-0123456789abcdef.tmp"), "half a ke").unwrap();
    assert!(folder.open(SigningAlgorithm::EdDsa, false).is_ok());
}

#[test]
fn processes_that_start_together_agree_on_one_key() {
    for _ in 0..20 {
        let folder = Arc::new(Folder::new());
        let together = Arc::new(Barrier::new(8));
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let (folder, together) = (Arc::clone(&folder), Arc::clone(&together));
                std::thread::spawn(move || {
                    together.wait();
                    part(&folder.tokens().issue(&claims(), at(NOW)).unwrap(), 0)["kid"].clone()
                })
            })
            .collect();
        let kids: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert!(kids.iter().all(|kid| *kid == kids[0]), "{kids:?}");
        assert_eq!(folder.files(), [FIRST], "temporary files were left behind");
    }
}

#[test]
fn nothing_private_is_published() {
    for (algorithm, file, names) in [
        (SigningAlgorithm::EdDsa, FIRST, ["kty", "crv", "x"]),
        (SigningAlgorithm::Rs256, "jwt-0-first-rs256.pem", ["kty", "n", "e"]),
    ] {
        let folder = Folder::new();
        let keys = folder.tokens_with(algorithm).public_keys();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].algorithm, algorithm.name());
        assert_eq!(keys[0].key_id.len(), 16);
        assert!(keys[0].parameters.iter().map(|(name, _)| *name).eq(names));
        let secret = secret_der(&folder.path().join(file));
        assert!(secret.len() > 32);
        let printed = format!("{:?}", folder.tokens_with(algorithm));
        assert!(!printed.contains(&format!("{:?}", &secret[16..32])), "{printed}");
    }
}

#[test]
fn a_key_whose_time_has_come_signs_and_the_old_one_still_verifies() {
    let (folder, maker) = (Folder::new(), Folder::new());
    let tokens = folder.tokens();
    let old = tokens.issue(&claims(), at(NOW)).unwrap();
    let next = maker.tokens().public_keys()[0].key_id.clone();

    folder.adopt(&maker, &format!("jwt-{}-next.pem", NOW + 10));
    assert_eq!(tokens.public_keys().len(), 1, "the folder was read again within two seconds");
    folder.clock.advance(Duration::from_secs(2));
    assert_eq!(tokens.public_keys().len(), 2, "the next key is published before it signs");
    assert_eq!(part(&tokens.issue(&claims(), at(NOW + 9)).unwrap(), 0)["kid"], part(&old, 0)["kid"]);
    let new = tokens.issue(&claims(), at(NOW + 10)).unwrap();
    assert_eq!(part(&new, 0)["kid"], json!(next));
    assert!(tokens.verify(&old, at(NOW + 10)).is_ok());
    assert!(tokens.verify(&new, at(NOW + 10)).is_ok());

    fs::remove_file(folder.path().join(FIRST)).unwrap();
    folder.clock.advance(Duration::from_secs(10));
    assert_eq!(tokens.verify(&old, at(NOW + 12)), Err(TokenError::Invalid), "a deleted key still verifies");
    assert!(tokens.verify(&new, at(NOW + 12)).is_ok());
}

#[test]
fn an_unknown_key_is_looked_for_at_once_but_not_more_than_once_a_second() {
    let (folder, maker, third) = (Folder::new(), Folder::new(), Folder::new());
    let tokens = folder.tokens();
    let token_of = |folder: &Folder| {
        let kid = folder.tokens().public_keys()[0].key_id.clone();
        let (header, body) = good_parts(&kid);
        forge(&header, &body, &folder.secret(), Algorithm::EdDSA)
    };
    let (second_token, third_token) = (token_of(&maker), token_of(&third));

    folder.adopt(&maker, "jwt-5-second.pem");
    assert!(tokens.verify(&second_token, at(NOW)).is_ok(), "the new key was not found at once");
    folder.adopt(&third, "jwt-6-third.pem");
    assert!(tokens.verify(&third_token, at(NOW)).is_err(), "rubbish identifiers could hammer the disk");
    folder.clock.advance(Duration::from_secs(1));
    assert!(tokens.verify(&third_token, at(NOW)).is_ok());
}

#[test]
fn a_folder_that_turns_bad_leaves_the_known_keys_in_use() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let token = tokens.issue(&claims(), at(NOW)).unwrap();

    folder.set_mode(FIRST, 0o644);
    folder.clock.advance(Duration::from_secs(3));
    assert!(tokens.verify(&token, at(NOW)).is_ok());
    let opened = folder.open(SigningAlgorithm::EdDsa, false);
    assert!(matches!(opened, Err(KeyError::File(KeyFileError::Exposed { .. }))), "a new server must refuse it");
    fs::remove_dir_all(folder.path()).unwrap();
    folder.clock.advance(Duration::from_secs(3));
    assert!(tokens.verify(&token, at(NOW)).is_ok());
    assert!(tokens.can_sign(at(NOW)) && tokens.issue(&claims(), at(NOW)).is_ok());
}

#[test]
fn changing_the_algorithm_keeps_old_tokens_good() {
    let folder = Folder::new();
    let old = folder.tokens().issue(&claims(), at(NOW)).unwrap();
    assert!(matches!(folder.open(SigningAlgorithm::Rs256, false), Err(KeyError::Missing { .. })));
    let tokens = folder.tokens_with(SigningAlgorithm::Rs256);
    let new = tokens.issue(&claims(), at(NOW)).unwrap();
    assert_eq!(part(&new, 0)["alg"], "RS256");
    assert!(tokens.verify(&old, at(NOW)).is_ok());
    assert!(tokens.verify(&new, at(NOW)).is_ok());
}
