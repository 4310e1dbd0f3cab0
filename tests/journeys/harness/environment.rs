//! What the test command tells its tests.

use std::path::PathBuf;

/// The PostgreSQL cluster, as the address of any database in it.
pub(super) fn cluster() -> String {
    read("MIF_TEST_POSTGRES").expect(
        "MIF_TEST_POSTGRES does not name a PostgreSQL server: run `cargo xtask test`, which starts one for the tests",
    )
}

/// The program under test.
pub(super) fn binary() -> PathBuf {
    let path = read("MIF_TEST_BINARY")
        .expect("MIF_TEST_BINARY does not name the server to test: run `cargo xtask test`, which builds it");
    PathBuf::from(path)
}

/// Where programs are found. The only variable that servers inherit.
pub(super) fn path() -> String {
    read("PATH").unwrap_or_default()
}

/// Where the virus scanner listens.
pub(crate) fn clamd() -> String {
    read("MIF_TEST_CLAMD")
        .expect("MIF_TEST_CLAMD does not name a virus scanner: run `cargo xtask test`, which starts one for the tests")
}

/// Where it listens besides, as `host:port`.
pub(crate) fn clamd_tcp() -> String {
    let address =
        read("MIF_TEST_CLAMD_TCP").expect("MIF_TEST_CLAMD_TCP does not name a virus scanner: run `cargo xtask test`");
    address.strip_prefix("tcp://").expect("tcp://host:port").to_owned()
}

/// How often a race is run: more often to be surer, at the price of time.
pub(crate) fn rounds() -> usize {
    number("MIF_TEST_ROUNDS", 25)
}

/// How often a server is killed amid uploads and deletions.
pub(crate) fn kills() -> usize {
    number("MIF_TEST_KILLS", 20)
}

/// How many documents there are when the key is changed.
pub(crate) fn rotated_documents() -> usize {
    number("MIF_TEST_ROTATED_DOCUMENTS", 100)
}

fn number(name: &str, usually: usize) -> usize {
    read(name).map_or(usually, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a whole number")))
}

/// How many events each of the writers to the audit trail makes.
pub(crate) fn audit_events() -> usize {
    number("MIF_TEST_AUDIT_EVENTS", 20)
}

/// How long keys are rotated under load: the journey of 60 s is for a machine that has the time.
pub(crate) fn rotation_time() -> std::time::Duration {
    let seconds = read("MIF_TEST_ROTATION_SECONDS");
    let seconds = seconds.map_or(16, |text| text.parse().expect("MIF_TEST_ROTATION_SECONDS is a whole number"));
    std::time::Duration::from_secs(seconds)
}

#[expect(clippy::disallowed_methods, reason = "the test command speaks to its tests through the environment")]
fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
