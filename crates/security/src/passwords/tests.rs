use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::OsEntropy;

fn settings() -> HasherSettings {
    HasherSettings { memory_kib: 64, iterations: 1, parallelism: 1, concurrency: 2 }
}

fn hasher() -> Argon2Hasher {
    Argon2Hasher::new(settings(), Arc::new(OsEntropy)).unwrap()
}

fn typed(text: &str) -> PlainPassword {
    PlainPassword::parse(text.to_owned()).unwrap()
}

#[tokio::test]
async fn a_password_verifies_against_its_own_hash_only() {
    let hasher = hasher();
    let hash = hasher.hash(&typed("Bielle-Huile-77!")).await.unwrap();
    assert!(hash.as_phc().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.as_phc());
    assert_eq!(hasher.verify(&typed("Bielle-Huile-77!"), Some(&hash)).await, Ok(true));
    assert_eq!(hasher.verify(&typed("Bielle-Huile-78!"), Some(&hash)).await, Ok(false));
    assert_eq!(hasher.verify(&typed("Bielle-Huile-77!"), None).await, Ok(false));
}

#[tokio::test]
async fn two_hashes_of_one_password_differ() {
    let hasher = hasher();
    let password = typed("Bielle-Huile-77!");
    assert!(hasher.hash(&password).await.unwrap() != hasher.hash(&password).await.unwrap());
}

#[tokio::test]
async fn accents_may_be_composed_or_not() {
    let hasher = hasher();
    let hash = hasher.hash(&typed("Cl\u{e9}-Anglaise-12")).await.unwrap();
    assert_eq!(hasher.verify(&typed("Cle\u{301}-Anglaise-12"), Some(&hash)).await, Ok(true));
    assert_eq!(hasher.verify(&typed("Cle-Anglaise-12"), Some(&hash)).await, Ok(false));
}

#[tokio::test]
async fn the_longest_normal_form_fits_without_growing() {
    // One character that NFKC spells out as eighteen, as often as a password may have it.
    let password = typed(&"\u{fdfa}".repeat(7));
    let form = nfkc(&password);
    assert_eq!(form.capacity(), password.expose().len() * NFKC_GROWTH);
}

#[tokio::test]
async fn hashes_made_with_other_parameters_still_verify() {
    let older = hasher().hash(&typed("Bielle-Huile-77!")).await.unwrap();
    let newer = Argon2Hasher::new(HasherSettings { memory_kib: 128, ..settings() }, Arc::new(OsEntropy)).unwrap();
    assert_eq!(newer.verify(&typed("Bielle-Huile-77!"), Some(&older)).await, Ok(true));
}

#[tokio::test]
async fn a_hash_that_cannot_be_used_is_a_wrong_password() {
    let hasher = hasher();
    let tail = "$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b4dWRWJTmaaJObG8m2L6bKw0sM";
    for unusable in [
        format!("$argon2id$v=19$m=262145,t=1,p=1{tail}"),
        format!("$argon2id$v=19$m=64,t=11,p=1{tail}"),
        format!("$argon2id$v=19$m=64,t=1,p=5{tail}"),
        format!("$argon2i$v=19$m=64,t=1,p=1{tail}"),
        format!("$argon2id$v=16$m=64,t=1,p=1{tail}"),
        format!("$argon2id$m=64,t=1,p=1{tail}"),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA".to_owned(),
        "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b4dWQ".to_owned(),
        "$2b$12$abcdefghijklmnopqrstuv".to_owned(),
        // Of `abc`: of a faulty bcrypt, above the ceiling, below what bcrypt computes.
        "$2x$04$CCCCCCCCCCCCCCCCCCCCC.AKurti2nSiRoaXd0tyyeWA.1jj9Kto2".to_owned(),
        "$2b$15$CCCCCCCCCCCCCCCCCCCCC.AKurti2nSiRoaXd0tyyeWA.1jj9Kto2".to_owned(),
        "$2b$31$CCCCCCCCCCCCCCCCCCCCC.AKurti2nSiRoaXd0tyyeWA.1jj9Kto2".to_owned(),
        "$2b$03$CCCCCCCCCCCCCCCCCCCCC.AKurti2nSiRoaXd0tyyeWA.1jj9Kto2".to_owned(),
        String::new(),
    ] {
        let stored = PasswordHash::from_phc(unusable.clone());
        let read = Stored::read(Some(&stored), hasher.argon2.params(), [7; SALT_BYTES]);
        let Stored::StandIn(Some(phc)) = read else { panic!("{unusable} was taken for a usable hash") };
        let stand_in = Params::try_from(&phc).unwrap();
        assert_eq!((stand_in.m_cost(), stand_in.t_cost(), stand_in.p_cost()), (64, 1, 1), "same cost");
        assert_eq!(hasher.verify(&typed("Bielle-Huile-77!"), Some(&stored)).await, Ok(false));
    }
}

/// Made by crypt(3) of libxcrypt.
const LEGACY: [(&str, &str); 4] = [
    ("Bielle-Huile-77!", "$2b$05$CCCCCCCCCCCCCCCCCCCCC./.A1QFcNJoVnrVmWHJ0U4WMpKP/jQ32"),
    ("Cl\u{e9}-Anglaise-12", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.jQ.pCxZgooaESIjJPy.2RKeEL5z8NiS"),
    ("abc", "$2b$04$CCCCCCCCCCCCCCCCCCCCC.AKurti2nSiRoaXd0tyyeWA.1jj9Kto2"),
    // Published with John the Ripper.
    ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
];

#[tokio::test]
async fn a_bcrypt_hash_verifies_and_is_outdated() {
    let hasher = hasher();
    for (password, hash) in LEGACY {
        let stored = PasswordHash::from_phc(hash.to_owned());
        assert_eq!(hasher.verify(&typed(password), Some(&stored)).await, Ok(true), "{hash}");
        assert_eq!(hasher.verify(&typed("Bielle-Huile-78!"), Some(&stored)).await, Ok(false), "{hash}");
        assert!(hasher.is_outdated(&stored));
    }
    let own = hasher.hash(&typed("Bielle-Huile-77!")).await.unwrap();
    assert!(!hasher.is_outdated(&own));
}

#[tokio::test]
async fn bcrypt_compares_the_bytes_as_typed_and_72_of_them() {
    let hasher = hasher();
    let verify = async |password: &str, hash: &str| {
        hasher.verify(&typed(password), Some(&PasswordHash::from_phc(hash.to_owned()))).await.unwrap()
    };
    let [_, (_, accents), (_, abc), _] = LEGACY;
    assert!(!verify("Cle\u{301}-Anglaise-12", accents).await, "no normal form");
    assert!(!verify("abc\0abc", abc).await, "the same key to bcrypt, another password to people");
    let of_71 = "$2a$04$CCCCCCCCCCCCCCCCCCCCC.mwrsLq6gtszNEQrpvY85c8XKy5rgdwW";
    let of_72 = "$2b$04$CCCCCCCCCCCCCCCCCCCCC.ug0A3dTXhy5U.dFjx/qguZ8I4CB77BC";
    for (length, hash, same) in
        [(71, of_71, true), (72, of_71, false), (71, of_72, false), (72, of_72, true), (100, of_72, true)]
    {
        assert_eq!(verify(&"x".repeat(length), hash).await, same, "{length} {hash}");
    }
}

#[test]
fn settings_that_could_not_work_are_refused() {
    let with = |settings| Argon2Hasher::new(settings, Arc::new(OsEntropy)).err();
    assert_eq!(with(HasherSettings { concurrency: 0, ..settings() }), Some(HasherSettingsError::NoConcurrency));
    assert_eq!(
        with(HasherSettings { memory_kib: 256 * 1024 + 1, ..settings() }),
        Some(HasherSettingsError::AboveCeiling)
    );
    assert!(matches!(with(HasherSettings { memory_kib: 1, ..settings() }), Some(HasherSettingsError::Refused(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_hashes_run_at_once_than_the_settings_say() {
    let hasher = Arc::new(hasher());
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (hasher, running, most) = (Arc::clone(&hasher), Arc::clone(&running), Arc::clone(&most));
        tasks.spawn(async move {
            hasher
                .in_turn(move |_| {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(10));
                    running.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                })
                .await
        });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_after_five_seconds() {
    let hasher = hasher();
    let _served = Arc::clone(&hasher.slots).acquire_many_owned(2).await.unwrap();
    let asked = tokio::time::Instant::now();
    assert_eq!(hasher.verify(&typed("Bielle-Huile-77!"), None).await, Err(HasherBusy));
    assert_eq!(asked.elapsed(), PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_turns_people_away_at_once() {
    let hasher = hasher();
    let everybody = u32::try_from(MAX_WAITING + 2).unwrap();
    let _waiting = Arc::clone(&hasher.places).acquire_many_owned(everybody).await.unwrap();
    let asked = tokio::time::Instant::now();
    assert_eq!(hasher.hash(&typed("Bielle-Huile-77!")).await, Err(HasherBusy));
    assert_eq!(asked.elapsed(), Duration::ZERO);
}
