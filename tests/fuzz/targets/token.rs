//! Access tokens. The first byte chooses: 0, the rest is a token; otherwise the rest are changes to a token of ours, each of
//! three bytes: where (two of them) and by what it is replaced. Only our own token, unchanged, counts.

#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use mif_domain::sessions::{AccessClaims, AccessTokens as _, SessionId};
use mif_domain::users::{Role, UserId};
use mif_security::{JwtTokens, KeyDirectory, OsEntropy, SigningAlgorithm};
use mif_testkit::{FakeClock, T0};
use tempfile::TempDir;

static OURS: LazyLock<(JwtTokens, String, AccessClaims, TempDir)> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a folder");
    let clock = Arc::new(FakeClock::at(T0));
    let keys = KeyDirectory::open(folder.path().join("keys"), SigningAlgorithm::EdDsa, true, clock).expect("a key");
    let tokens = JwtTokens::new(keys, "mif".into(), "mif-api".into(), Arc::new(OsEntropy)).expect("tokens");
    let expires_at = T0 + std::time::Duration::from_mins(15);
    let claims = AccessClaims {
        user_id: UserId(1),
        session_id: SessionId(1),
        generation: 1,
        role: Role::Technician,
        expires_at,
    };
    let token = tokens.issue(&claims, T0).expect("a token");
    (tokens, token, claims, folder)
});

fuzz_target!(|data: &[u8]| {
    let (tokens, token, claims, _) = &*OURS;
    let Some((choice, rest)) = data.split_first() else { return };
    let presented = if *choice == 0 {
        String::from_utf8_lossy(rest).into_owned()
    } else {
        let mut changed = token.clone().into_bytes();
        for change in rest.chunks_exact(3) {
            let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % changed.len();
            changed[place] = change[2];
        }
        String::from_utf8_lossy(&changed).into_owned()
    };
    match tokens.verify(&presented, T0) {
        Ok(read) => {
            assert_eq!(presented, *token, "a token that we did not issue counts");
            assert_eq!(read, *claims);
        }
        Err(_) => assert_ne!(presented, *token, "our own token is refused"),
    }
});
