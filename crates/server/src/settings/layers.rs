//! Puts the layers on top of each other, remembering where each value comes from.
//!
//! The `config` crate reads the files; the layers are ours, because it forgets the origin of a value once it has been
//! asked for, and tells neither unknown keys nor more than one problem at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use config::{File, FileFormat, Source as _, Value, ValueKind};

use super::nearest::nearest;
use super::problems::Problem;
use super::sources::Sources;

const DEFAULT: (&str, &str) = ("config/default.toml", include_str!("../../../../config/default.toml"));
const DEVELOPMENT: (&str, &str) = ("config/development.toml", include_str!("../../../../config/development.toml"));
const PRODUCTION: (&str, &str) = ("config/production.toml", include_str!("../../../../config/production.toml"));

/// Keys whose value is never shown, and may be read from a file of its own.
pub(super) const SECRETS: [&str; 6] = [
    "database.url",
    "storage.s3_secret_access_key",
    "storage.keys",
    "mail.smtp_url",
    "bootstrap.admin_password",
    "metrics.token",
];
/// Keys that hold a list: in a file also as an array.
const LISTS: [&str; 4] = ["http.trusted_proxies", "mfa.required_roles", "documents.types", "cors.origins"];
/// Variables that other software agrees upon. They give way to our own.
const STANDARD: [(&str, &str); 5] = [
    ("DATABASE_URL", "database.url"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "telemetry.otlp_protocol"),
    ("OTEL_SERVICE_NAME", "telemetry.service_name"),
    ("OTEL_TRACES_SAMPLER_ARG", "telemetry.sample_ratio"),
];

/// Where a value stands.
#[derive(Clone)]
pub(super) enum Origin {
    BuiltIn(&'static str),
    File(PathBuf),
    Environment(String),
    SecretFile { path: String, variable: String },
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(name) => write!(f, "{name} (built in)"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::SecretFile { path, variable } => write!(f, "file {path}, named by environment variable {variable}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A value as it was written.
pub(super) struct Entry {
    pub(super) value: String,
    pub(super) origin: Origin,
}

type Layer = Vec<(String, Entry)>;

/// The effective value of every known key.
pub(super) type Merged = BTreeMap<String, Entry>;

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("MIF_{}", key.replace('.', "__").to_uppercase())
}

pub(super) fn merge(sources: Sources, problems: &mut Vec<Problem>) -> Merged {
    let mut merged: Merged = built_in(DEFAULT, problems).into_iter().collect();
    let known: Vec<String> = merged.keys().cloned().collect();

    let own_file = path_of_own_file(&sources);
    let flags = sources.flags.into_iter().filter(|(key, _)| *key != "config");
    let flags: Layer =
        flags.map(|(key, value)| (key.to_owned(), Entry { value, origin: Origin::CommandLine })).collect();
    let environment = environment(sources.environment, &known, problems);
    let own_file = own_file.map(|(path, named_by)| own(&path, &named_by, problems)).unwrap_or_default();

    // A profile that does not exist is reported when the key is read.
    let profile = [&flags, &environment, &own_file]
        .into_iter()
        .find_map(|layer| layer.iter().rev().find(|(key, entry)| key == "profile" && !entry.value.trim().is_empty()));
    let profile = match profile {
        Some((_, entry)) if entry.value.trim().eq_ignore_ascii_case("production") => PRODUCTION,
        _ => DEVELOPMENT,
    };

    for layer in [built_in(profile, problems), own_file, environment, flags] {
        for (key, entry) in layer {
            if known.contains(&key) {
                merged.insert(key, entry);
            } else {
                let meant = nearest(&key, known.iter().map(String::as_str));
                problems.push(unknown(key.clone(), &entry.origin, meant));
            }
        }
    }
    merged
}

fn unknown(key: String, origin: &Origin, meant: Option<&str>) -> Problem {
    let hint = match meant {
        Some(meant) => format!("did you mean {meant}?"),
        None => "`mif config show` lists them all".to_owned(),
    };
    Problem { key, source: origin.to_string(), message: format!("is not a setting; {hint}") }
}

fn path_of_own_file(sources: &Sources) -> Option<(PathBuf, Origin)> {
    if let Some((_, path)) = sources.flags.iter().rev().find(|(key, _)| *key == "config") {
        return Some((path.into(), Origin::CommandLine));
    }
    let (name, path) = sources.environment.iter().find(|(name, path)| name == "MIF_CONFIG" && !path.is_empty())?;
    Some((path.into(), Origin::Environment(name.clone())))
}

fn built_in((name, text): (&'static str, &str), problems: &mut Vec<Problem>) -> Layer {
    parse(text, &Origin::BuiltIn(name), problems)
}

fn own(path: &Path, named_by: &Origin, problems: &mut Vec<Problem>) -> Layer {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, &Origin::File(path.to_owned()), problems),
        Err(error) => {
            let message = format!("names {}, which cannot be read: {error}", path.display());
            problems.push(Problem { key: "config".to_owned(), source: named_by.to_string(), message });
            Layer::new()
        }
    }
}

fn parse(text: &str, origin: &Origin, problems: &mut Vec<Problem>) -> Layer {
    let mut layer = Layer::new();
    match File::from_str(text, FileFormat::Toml).collect() {
        Ok(table) => table.into_iter().for_each(|(key, value)| flatten(key, value, origin, &mut layer, problems)),
        Err(error) => {
            // Only the place: the rest of the message quotes the line, which may hold a secret.
            let message = error.to_string();
            let place = message.lines().next().unwrap_or_default().to_owned();
            problems.push(Problem { key: "config".to_owned(), source: origin.to_string(), message: place });
        }
    }
    layer.sort_by(|(one, _), (other, _)| one.cmp(other));
    layer
}

fn flatten(key: String, value: Value, origin: &Origin, layer: &mut Layer, problems: &mut Vec<Problem>) {
    let text = match value.kind {
        ValueKind::Table(table) if !table.is_empty() => {
            for (name, value) in table {
                flatten(format!("{key}.{name}"), value, origin, layer, problems);
            }
            return;
        }
        // Sections may be empty, whatever they are called: there is nothing in them to be misunderstood.
        ValueKind::Table(_) => return,
        ValueKind::Array(items) if LISTS.contains(&key.as_str()) => {
            items.iter().map(|item| item.kind.to_string()).collect::<Vec<_>>().join(",")
        }
        ValueKind::Array(_) => {
            let message = "must be a single value, not an array".to_owned();
            problems.push(Problem { key, source: origin.to_string(), message });
            return;
        }
        scalar => scalar.to_string(),
    };
    layer.push((key, Entry { value: text, origin: origin.clone() }));
}

fn environment(variables: Vec<(String, String)>, known: &[String], problems: &mut Vec<Problem>) -> Layer {
    let set: BTreeMap<String, String> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let mut layer = Layer::new();
    let mut take = |name: &str, key: &str, problems: &mut Vec<Problem>| -> bool {
        let Some(value) = set.get(name) else { return false };
        let origin = Origin::Environment(name.to_owned());
        if value.contains(char::REPLACEMENT_CHARACTER) {
            let message = "must be UTF-8 text".to_owned();
            problems.push(Problem { key: key.to_owned(), source: origin.to_string(), message });
        } else {
            layer.push((key.to_owned(), Entry { value: value.clone(), origin }));
        }
        true
    };

    for (name, key) in STANDARD {
        take(name, key, problems);
    }
    let mut files = Vec::new();
    for key in known {
        let name = variable(key);
        let given = take(&name, key, problems);
        if let Some(file) = SECRETS.contains(&key.as_str()).then(|| format!("{name}_FILE"))
            && let Some(path) = set.get(&file)
        {
            if given {
                let message = format!("only one of {name} and {file} may be set");
                let source = Origin::Environment(file).to_string();
                problems.push(Problem { key: key.clone(), source, message });
            } else {
                files.push((key, file, path));
            }
        }
    }
    take("RUST_LOG", "log.filter", problems);
    for (key, variable, path) in files {
        layer.extend(secret_file(key, variable, path, problems));
    }
    problems.extend(strangers(&set, known));
    layer
}

fn secret_file(key: &str, variable: String, path: &str, problems: &mut Vec<Problem>) -> Option<(String, Entry)> {
    let message = match std::fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => {
            let origin = Origin::SecretFile { path: path.to_owned(), variable };
            return Some((key.to_owned(), Entry { value: text.trim().to_owned(), origin }));
        }
        Ok(_) => format!("names {path}, which is empty"),
        Err(error) => format!("names {path}, which cannot be read: {error}"),
    };
    problems.push(Problem { key: key.to_owned(), source: Origin::Environment(variable).to_string(), message });
    None
}

/// Variables that look like ours and are none: a setting that is silently ignored is worse than no start.
fn strangers(set: &BTreeMap<String, String>, known: &[String]) -> Vec<Problem> {
    let mut ours: Vec<String> = known.iter().map(|key| variable(key)).collect();
    ours.extend(SECRETS.iter().map(|key| format!("{}_FILE", variable(key))));
    ours.push("MIF_CONFIG".to_owned());
    set.keys()
        // The latter belong to the test runner.
        .filter(|name| name.starts_with("MIF_") && !name.starts_with("MIF_TEST_") && !ours.contains(name))
        .map(|name| {
            let key = name.strip_prefix("MIF_").unwrap_or(name).replace("__", ".").to_lowercase();
            let meant = nearest(name, ours.iter().map(String::as_str));
            unknown(key, &Origin::Environment(name.clone()), meant)
        })
        .collect()
}
