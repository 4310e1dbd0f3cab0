//! Who may depend on whom. A new crate gets its row here before it gets its first line of code.

/// The members of the workspace that a crate may depend on.
#[derive(Clone, Copy)]
pub(super) enum Reach {
    Only(&'static [&'static str]),
    /// Every crate that ships: neither the developer's tools nor the fakes.
    Product,
}

/// What a crate's own tests may use beyond that.
#[derive(Clone, Copy)]
pub(super) enum Dev {
    Anything,
    NoMembers,
    Only(&'static [&'static str]),
}

#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) members: Reach,
    /// `None`: anything that no other crate has for itself.
    pub(super) externals: Option<&'static [&'static str]>,
    pub(super) dev: Dev,
}

impl Rule {
    const fn new(name: &'static str, members: Reach) -> Self {
        Self { name, members, externals: None, dev: Dev::Anything }
    }

    pub(super) fn sentence(&self) -> String {
        match self.members {
            Reach::Only([]) => "it may depend on no crate of the workspace".to_owned(),
            Reach::Only(names) => format!("of the workspace it may depend only on {}", names.join(" and ")),
            Reach::Product => "it may depend on the crates that ship and on no other of the workspace".to_owned(),
        }
    }
}

const DOMAIN: Reach = Reach::Only(&["mif-domain"]);
/// Adapters that keep keys in files.
const KEYS: Reach = Reach::Only(&["mif-domain", "mif-keyfiles"]);
const NONE: Reach = Reach::Only(&[]);

/// The core may not grow I/O, serde or a runtime by accident, so each crate it sees is named with its reason.
const DOMAIN_EXTERNALS: &[&str] = &[
    "async-trait",           // ports are asynchronous and used as trait objects
    "chrono",                // instants and civil dates, without the clock feature
    "thiserror",             // typed errors
    "unicode-normalization", // what makes two names equal
    "zeroize",               // secrets leave memory
];

const APPLICATION_EXTERNALS: &[&str] = &[
    "async-trait",
    "chrono",
    "thiserror",
    "unicode-normalization",
    "zeroize",
    "bytes",         // pieces of contents, without copying them
    "metrics",       // use cases count what they decide
    "tracing",       // use cases name their spans
    "tokio",         // timeouts and semaphores, no I/O
    "sha2",          // fingerprints and token hashes
    "base64",        // tokens that people get by letter
    "hmac",          // one-time codes
    "sha1",          // one-time codes
    "subtle",        // one-time codes, compared in constant time
    "data-encoding", // one-time codes: secrets as apps take them
];

const CORE_TESTS: Dev = Dev::Only(&["mif-testkit", "proptest", "tokio", "futures-util"]);

const RULES: &[Rule] = &[
    Rule { externals: Some(DOMAIN_EXTERNALS), dev: CORE_TESTS, ..Rule::new("mif-domain", NONE) },
    Rule { externals: Some(APPLICATION_EXTERNALS), dev: CORE_TESTS, ..Rule::new("mif-application", DOMAIN) },
    Rule::new("mif-persistence", Reach::Only(&["mif-domain", "mif-migrations"])),
    Rule::new("mif-migrations", NONE),
    Rule::new("mif-keyfiles", NONE),
    Rule::new("mif-security", KEYS),
    Rule::new("mif-mail", DOMAIN),
    Rule::new("mif-filestore", KEYS),
    Rule::new("mif-clamav", DOMAIN),
    Rule::new("mif-telemetry", DOMAIN),
    Rule::new("mif-http", Reach::Only(&["mif-domain", "mif-application"])),
    Rule::new("mif-server", Reach::Product),
    Rule::new("mif-testkit", DOMAIN),
    Rule { dev: Dev::NoMembers, ..Rule::new("mif-journeys", NONE) },
    Rule::new("xtask", NONE),
];

const NOT_SHIPPED: &[&str] = &["mif-testkit", "mif-journeys", "xtask"];

pub(super) fn of(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

pub(super) fn is_product(name: &str) -> bool {
    of(name).is_some() && !NOT_SHIPPED.contains(&name)
}

/// External crates that few may see, so that a change of database library or web framework stays in one place.
pub(super) struct Kept {
    pub(super) what: &'static str,
    prefixes: &'static [&'static str],
    pub(super) owners: &'static [&'static str],
}

impl Kept {
    pub(super) fn covers(&self, dependency: &str) -> bool {
        self.prefixes.iter().any(|prefix| dependency.starts_with(prefix))
    }
}

pub(super) const KEPT: &[Kept] = &[
    Kept {
        what: "SeaORM and sqlx",
        prefixes: &["sea-orm", "sea-query", "sea-schema", "sqlx"],
        owners: &["mif-persistence", "mif-migrations"],
    },
    Kept { what: "actix", prefixes: &["actix"], owners: &["mif-http", "mif-server"] },
];
