//! The keys of the audit trail on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use chrono::{DateTime, TimeDelta};
use mif_domain::Instant;
use mif_domain::audit::{ChainHash, Mark, MarkKind, MarkSigner as _, SignedMark};
use mif_keyfiles::KeyFileError;
use mif_security::{AuditKeys, KeyError};
use tempfile::TempDir;

const NOW: Instant = DateTime::UNIX_EPOCH;

fn mark() -> Mark {
    Mark { kind: MarkKind::Checkpoint, seq: 7, hash: ChainHash([3; 32]), at: NOW, events: 7 }
}

#[test]
fn what_one_process_signed_another_one_believes_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let signed = AuditKeys::open(folder.path(), true, NOW).unwrap().sign(mark());
    let keys = AuditKeys::open(folder.path(), false, NOW).unwrap();
    assert!(keys.is_genuine(&signed));
    for changed in [
        Mark { seq: 8, ..mark() },
        Mark { kind: MarkKind::Anchor, ..mark() },
        Mark { hash: ChainHash([4; 32]), ..mark() },
        Mark { at: NOW + TimeDelta::microseconds(1), ..mark() },
        Mark { events: 6, ..mark() },
    ] {
        assert!(!keys.is_genuine(&SignedMark { mark: changed, ..signed.clone() }), "{changed:?}");
    }
    assert!(!keys.is_genuine(&SignedMark { signature: Vec::new(), ..signed.clone() }));
    let other = TempDir::new().unwrap();
    assert!(!AuditKeys::open(other.path(), true, NOW).unwrap().is_genuine(&signed));
}

#[test]
fn without_a_key_only_who_may_makes_one() {
    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("keys");
    let refused = AuditKeys::open(&keys, false, NOW).unwrap_err();
    assert!(matches!(refused, KeyError::NoAuditKey { .. }) && refused.to_string().contains("mif keys init"));
    assert!(!keys.exists());
    AuditKeys::open(&keys, true, NOW).unwrap();
    let file = keys.join("audit-0-first.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(AuditKeys::open(&keys, true, NOW), Err(KeyError::File(KeyFileError::Exposed { .. }))));
}

#[test]
fn a_newer_key_signs_from_its_activation_on_and_the_older_one_is_still_believed() {
    let (folder, made) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let before = AuditKeys::open(folder.path(), true, NOW).unwrap().sign(mark());
    AuditKeys::open(made.path(), true, NOW).unwrap();
    fs::rename(made.path().join("audit-0-first.pem"), folder.path().join("audit-100-second.pem")).unwrap();
    let early = AuditKeys::open(folder.path(), false, NOW + TimeDelta::seconds(99)).unwrap();
    assert_eq!(early.sign(mark()).key_id, before.key_id);
    let late = AuditKeys::open(folder.path(), false, NOW + TimeDelta::seconds(100)).unwrap();
    let after = late.sign(mark());
    assert_ne!(after.key_id, before.key_id);
    assert!(late.is_genuine(&before) && late.is_genuine(&after) && early.is_genuine(&after));
    assert_eq!(late.list(), [(after.key_id.as_str(), true), (before.key_id.as_str(), false)]);
}

#[test]
fn a_token_key_is_no_key_of_the_audit_trail() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("jwt-0-first-eddsa.pem"), "irrelevant").unwrap();
    assert!(matches!(AuditKeys::open(folder.path(), false, NOW), Err(KeyError::NoAuditKey { .. })));
    fs::write(folder.path().join("audit-first.pem"), "irrelevant").unwrap();
    assert!(matches!(AuditKeys::open(folder.path(), false, NOW), Err(KeyError::File(KeyFileError::Unusable { .. }))));
}
