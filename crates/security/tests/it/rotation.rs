//! Rotation: published at once, used in ten seconds, gone when nothing needs it.

use std::sync::Arc;
use std::time::Duration;

use mif_domain::Clock;
use mif_domain::sessions::AccessTokens as _;
use mif_security::{KeyError, KeyRotation, KeyUse, RemoveKeyError, SigningAlgorithm};

use crate::support::{Folder, NOW, at, claims, part};

impl Folder {
    fn rotation(&self, algorithm: SigningAlgorithm) -> KeyRotation {
        KeyRotation::new(self.path(), algorithm, Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }
}

const EDDSA: SigningAlgorithm = SigningAlgorithm::EdDsa;
const RS256: SigningAlgorithm = SigningAlgorithm::Rs256;
/// The life of a token, and what clocks may differ by.
const LAST_TOKEN: i64 = 15 * 60 + 15;

fn kid(token: &str) -> String {
    part(token, 0)["kid"].as_str().unwrap().to_owned()
}

#[test]
fn a_published_key_is_known_at_once_and_signs_ten_seconds_later() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let old = tokens.issue(&claims(), at(NOW)).unwrap();
    let next = folder.rotation(EDDSA).publish().unwrap();
    assert_eq!(next.signs_from, at(NOW + 10));

    folder.clock.advance(Duration::from_secs(2));
    let known: Vec<_> = tokens.public_keys().into_iter().map(|key| key.key_id).collect();
    assert_eq!(known, [kid(&old), next.key_id.clone()]);
    assert_eq!(kid(&tokens.issue(&claims(), at(NOW + 9)).unwrap()), kid(&old));
    let new = tokens.issue(&claims(), at(NOW + 10)).unwrap();
    assert_eq!(kid(&new), next.key_id);
    for token in [&old, &new] {
        assert_eq!(tokens.verify(token, at(NOW + 10)), Ok(claims()));
    }
}

#[test]
fn a_key_is_kept_until_its_last_token_has_expired() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let first = tokens.public_keys()[0].key_id.clone();
    let rotation = folder.rotation(EDDSA);
    let refused = |key_id: &str, why: &str| {
        let error = rotation.remove(key_id).unwrap_err();
        assert!(matches!(error, RemoveKeyError::Needed { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(&first, "signs: run");
    let next = rotation.publish().unwrap().key_id;
    refused(&next, "will sign from");
    refused(&first, "signs: run");

    folder.clock.advance(Duration::from_secs(9));
    let last = tokens.issue(&claims(), at(NOW + 9)).unwrap();
    assert_eq!(kid(&last), first);
    folder.clock.advance(Duration::from_secs(1));
    refused(&first, "verifies tokens that live until");
    folder.clock.advance(Duration::from_secs(LAST_TOKEN.unsigned_abs() - 1));
    refused(&first, "verifies tokens that live until");
    folder.clock.advance(Duration::from_secs(1));
    assert!(tokens.verify(&last, at(folder.now())).is_err(), "its last token has expired by then");
    rotation.remove(&first).unwrap();
    assert!(matches!(rotation.remove(&first), Err(RemoveKeyError::Unknown(_))));
    refused(&next, "signs: run");
    assert_eq!(folder.files().len(), 1);
}

#[test]
fn keys_that_wait_pile_up_and_each_takes_its_turn() {
    let folder = Folder::new();
    let tokens = folder.tokens();
    let rotation = folder.rotation(EDDSA);
    let mut expected = vec![tokens.public_keys()[0].key_id.clone()];
    let mut seen = Vec::new();
    let mut issued = Vec::new();
    for second in 0..60 {
        if second % 2 == 0 && second < 40 {
            expected.push(rotation.publish().unwrap().key_id);
        }
        let token = tokens.issue(&claims(), at(folder.now())).unwrap();
        if seen.last() != Some(&kid(&token)) {
            seen.push(kid(&token));
        }
        issued.push(token);
        for token in &issued {
            assert_eq!(tokens.verify(token, at(folder.now())), Ok(claims()), "after {second} s");
        }
        folder.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(seen, expected);
}

#[test]
fn two_algorithms_stand_side_by_side_during_a_change() {
    let folder = Folder::new();
    let before = folder.tokens();
    let old = before.issue(&claims(), at(NOW)).unwrap();
    // No server that wants RS256 can have started: its first key need not wait.
    let rotation = folder.rotation(RS256);
    assert!(matches!(rotation.remove(&kid(&old)), Err(RemoveKeyError::Needed { .. })));
    folder.clock.advance(Duration::from_secs(1));
    let first = rotation.publish().unwrap();
    assert_eq!(first.signs_from, at(NOW + 1));

    folder.clock.advance(Duration::from_secs(1));
    let after = folder.tokens_with(RS256);
    let new = after.issue(&claims(), at(NOW + 2)).unwrap();
    assert_eq!((kid(&new), part(&new, 0)["alg"].as_str()), (first.key_id.clone(), Some("RS256")));
    assert_eq!(kid(&before.issue(&claims(), at(NOW + 2)).unwrap()), kid(&old), "a server of before goes on");
    for tokens in [&before, &after] {
        for token in [&old, &new] {
            assert_eq!(tokens.verify(token, at(NOW + 2)), Ok(claims()));
        }
    }
    let uses: Vec<_> = rotation.list().unwrap().into_iter().map(|(_, algorithm, used)| (algorithm, used)).collect();
    assert_eq!(uses, [(EDDSA, KeyUse::Verifies(at(NOW + 1 + LAST_TOKEN))), (RS256, KeyUse::Signs)]);
    assert_eq!(rotation.publish().unwrap().signs_from, at(NOW + 12), "servers sign with RS256 now");
}

#[test]
fn a_key_of_the_other_algorithm_is_not_taken_for_replaced() {
    let folder = Folder::new();
    let old = folder.tokens().public_keys()[0].key_id.clone();
    // Both first keys are of the same age: nothing says when the change took place.
    drop(folder.tokens_with(RS256));
    let rotation = folder.rotation(RS256);
    let uses = rotation.list().unwrap();
    assert!(uses.contains(&(old.clone(), EDDSA, KeyUse::NotReplaced)), "{uses:?}");
    let error = rotation.remove(&old).unwrap_err().to_string();
    assert!(error.contains("MIF_TOKENS__ALGORITHM=rs256"), "{error}");
}

#[test]
fn a_rotation_tidies_up_what_is_long_past_and_nothing_else() {
    let folder = Folder::new();
    let first = folder.tokens().public_keys()[0].key_id.clone();
    let rotation = folder.rotation(EDDSA);
    rotation.publish().unwrap();
    folder.clock.advance(Duration::from_secs(10 + LAST_TOKEN.unsigned_abs()));
    assert_eq!(rotation.remove_long_past().unwrap(), Vec::<String>::new());
    folder.clock.advance(Duration::from_hours(24));
    assert_eq!(rotation.remove_long_past().unwrap(), [first]);
    assert_eq!(rotation.remove_long_past().unwrap(), Vec::<String>::new());
    assert_eq!(folder.files().len(), 1);
}

#[test]
fn a_folder_without_keys_is_not_rotated() {
    let folder = Folder::new();
    assert!(matches!(folder.rotation(EDDSA).publish(), Err(KeyError::Missing { .. })));
    assert!(!folder.path().exists());
}
