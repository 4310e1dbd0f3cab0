//! What an operator meets: layers, sources, refusals, and the documents that must keep up with them.

use std::collections::BTreeMap;
use std::time::Duration;

use config::{File, FileFormat, Source as _, Value, ValueKind};
use mif_domain::users::PasswordPolicy;
use mif_server::settings::{Migrate, Profile, Settings, SettingsError, Sources};
use mif_telemetry::{LogFormat, OtlpProtocol};
use secrecy::ExposeSecret as _;

const DEFAULT: &str = include_str!("../../../../config/default.toml");
const DEVELOPMENT: &str = include_str!("../../../../config/development.toml");
const PRODUCTION: &str = include_str!("../../../../config/production.toml");
const MANUAL: &str = include_str!("../../../../docs/configuration.md");

fn sources(environment: &[(&str, &str)]) -> Sources {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Sources { environment, flags: Vec::new() }
}

/// What the production profile does not go without.
const PRODUCTION_NEEDS: [(&str, &str); 4] = [
    ("MIF_PROFILE", "production"),
    ("MIF_ANTIVIRUS__CLAMD", "unix:/run/clamd"),
    ("MIF_MAIL__SMTP_URL", "smtp://localhost"),
    ("MIF_MAIL__FROM", "mif@example.ma"),
];

fn in_production(more: &[(&str, &str)]) -> Settings {
    loaded(&[&PRODUCTION_NEEDS[..], more].concat())
}

fn load(environment: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::load(sources(environment))
}

fn loaded(environment: &[(&str, &str)]) -> Settings {
    load(environment).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(environment: &[(&str, &str)]) -> String {
    load(environment).unwrap_err().to_string()
}

/// The line of `mif config show` about a key: value and source.
fn shown(settings: &Settings, key: &str) -> (String, String) {
    let text = settings.show();
    let line = text.lines().find(|line| line.split_whitespace().next() == Some(key)).unwrap();
    let rest = line.strip_prefix(key).unwrap().trim_start();
    let (value, source) = rest.split_once("  ").unwrap();
    (value.to_owned(), source.trim_start().to_owned())
}

fn temporary(text: &str) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    (file, path)
}

#[test]
fn without_any_configuration_everything_has_a_value() {
    let settings = loaded(&[]);
    assert_eq!(settings.profile, Profile::Development);
    assert_eq!(settings.http.bind.to_string(), "127.0.0.1:8000");
    assert_eq!(settings.http.workers, None);
    assert_eq!(settings.http.drain, Duration::ZERO);
    assert_eq!(settings.database.url.expose_secret(), "sqlite://./data/mif.db");
    assert_eq!(settings.database.migrate, Migrate::Auto);
    assert_eq!(settings.keys.dir.to_str(), Some("./data/keys"));
    assert_eq!(settings.passwords.policy, PasswordPolicy::GoProd);
    assert_eq!(settings.bootstrap.admin_email.as_str(), "admin@mif.local");
    assert!(settings.bootstrap.admin_password.is_none());
    let limits = &settings.limits;
    assert!(limits.enabled);
    assert_eq!((limits.burst, limits.per_second, limits.per_ip_per_minute), (120, 2, 6000));
    assert!(settings.cors.origins.is_empty() && settings.http.trusted_proxies.is_empty());
    assert_eq!(settings.log.format, LogFormat::Pretty);
    assert!(settings.warnings().iter().all(|warning| warning.contains("MIF_ANTIVIRUS__CLAMD")));
}

#[test]
fn the_production_profile_brings_its_own_defaults_and_warns_of_sqlite() {
    let settings = in_production(&[]);
    assert_eq!(settings.profile, Profile::Production);
    assert_eq!(settings.http.drain, Duration::from_secs(5));
    assert_eq!(settings.database.migrate, Migrate::Check);
    assert_eq!(settings.log.format, LogFormat::Json);
    assert!(settings.warnings().iter().any(|warning| warning.contains("MIF_DATABASE__URL")));
    let postgres = in_production(&[
        ("DATABASE_URL", "postgres://db/mif"),
        ("MIF_STORAGE__URL", "s3://bucket/x"),
        ("MIF_STORAGE__S3_ACCESS_KEY_ID", "x"),
        ("MIF_STORAGE__S3_SECRET_ACCESS_KEY", "x"),
        ("MIF_HTTP__PUBLIC_URL", "https://gmao.example.ma"),
    ]);
    assert!(postgres.warnings().is_empty());
}

#[test]
fn each_layer_covers_the_one_before_and_leaves_its_name() {
    let (_file, path) = temporary("[log]\nfilter = \"warn\"\n[http]\nworkers = 2\nbind = \"127.0.0.1:1\"\n");
    let environment = [("MIF_CONFIG", path.as_str()), ("MIF_HTTP__BIND", "127.0.0.1:2"), ("MIF_HTTP__WORKERS", "3")];
    let mut all = sources(&environment);
    all.flags.push(("http.bind", "[::1]:0".to_owned()));
    let settings = Settings::load(all).unwrap();
    for (key, value, source) in [
        ("http.bind", "[::1]:0", "command line"),
        ("http.workers", "3", "environment variable MIF_HTTP__WORKERS"),
        ("log.filter", "warn", path.as_str()),
        ("log.format", "pretty", "config/development.toml (built in)"),
        ("tokens.issuer", "mif", "config/default.toml (built in)"),
    ] {
        assert_eq!(shown(&settings, key), (value.to_owned(), source.to_owned()));
    }
    assert_eq!(settings.http.bind.to_string(), "[::1]:0");
    assert_eq!(settings.http.workers.map(std::num::NonZero::get), Some(3));
}

#[test]
fn a_file_may_choose_the_profile_and_write_lists_as_arrays() {
    let (_file, path) = temporary("profile = \"production\"\n[cors]\norigins = [\"https://a.ma\", \"https://b.ma\"]\n");
    let settings = loaded(&[&PRODUCTION_NEEDS[1..], &[("MIF_CONFIG", &path)]].concat());
    assert_eq!((settings.profile, settings.log.format), (Profile::Production, LogFormat::Json));
    assert_eq!(settings.cors.origins, ["https://a.ma", "https://b.ma"]);
    let covered = loaded(&[("MIF_CONFIG", &path), ("MIF_PROFILE", "development")]);
    assert_eq!((covered.profile, covered.log.format), (Profile::Development, LogFormat::Pretty));
}

#[test]
fn an_empty_variable_counts_as_unset_and_those_of_the_test_runner_are_none_of_ours() {
    let settings = loaded(&[("MIF_HTTP__BIND", ""), ("MIF_NOTHING", ""), ("MIF_TEST_POSTGRES", "x"), ("PATH", "/bin")]);
    assert_eq!(settings.http.bind.port(), 8000);
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_key_source_and_what_is_allowed() {
    let (_file, path) = temporary("[http]\nbnd = 1\n[tokens]\nalgorithm = \"none\"\nissuer = [\"a\", \"b\"]\n");
    let text = refusal(&[
        ("MIF_CONFIG", &path),
        ("MIF_HTTP__BIND", "localhost"),
        ("MIF_DATABASE_URL", "postgres://u:topsecret@db/mif"),
        ("MIF_SMTP", "x"),
        ("MIF_LIMITS__PER_IP_PER_MINUTE", "0"),
        ("MIF_LIMITS__ENABLED", "perhaps"),
        ("RUST_LOG", "a=b=c"),
    ]);
    let expected = [
        "http.bind (environment variable MIF_HTTP__BIND): must be an address and a port such as 127.0.0.1:8000, not \
         \"localhost\""
            .to_owned(),
        format!("http.bnd ({path}): is not a setting; did you mean http.bind?"),
        format!("tokens.algorithm ({path}): must be eddsa or rs256, not \"none\""),
        format!("tokens.issuer ({path}): must be a single value, not an array"),
        "database_url (environment variable MIF_DATABASE_URL): is not a setting; did you mean MIF_DATABASE__URL?"
            .to_owned(),
        "smtp (environment variable MIF_SMTP): is not a setting; `mif config show` lists them all".to_owned(),
        "limits.per_ip_per_minute (environment variable MIF_LIMITS__PER_IP_PER_MINUTE): must be a whole number from 1 \
         to 1000000, not \"0\""
            .to_owned(),
        "limits.enabled (environment variable MIF_LIMITS__ENABLED): must be true or false, not \"perhaps\"".to_owned(),
        "log.filter (environment variable RUST_LOG): must be directives such as info or warn,mif_http=debug, not \
         \"a=b=c\""
            .to_owned(),
    ];
    for line in &expected {
        assert!(text.lines().any(|said| said == line), "{line}\nis missing in\n{text}");
    }
    assert_eq!(text.lines().count(), expected.len(), "{text}");
    assert!(!text.contains("topsecret"));
}

#[test]
fn values_outside_what_is_allowed_stop_the_start() {
    for (name, value) in [
        ("MIF_PROFILE", "staging"),
        ("MIF_DATA_DIR", "/srv/a?b"),
        ("MIF_HTTP__BIND", "127.0.0.1"),
        ("MIF_HTTP__WORKERS", "-1"),
        ("MIF_HTTP__PUBLIC_URL", "gmao.example.ma"),
        ("MIF_HTTP__DRAIN_SECONDS", "301"),
        ("MIF_HTTP__TRUSTED_PROXIES", "10.0.0.0/8, proxy"),
        ("MIF_DATABASE__URL", "mysql://db/mif"),
        ("MIF_DATABASE__MIGRATE", "never"),
        ("MIF_DATABASE__MAX_CONNECTIONS", "0"),
        ("MIF_DATABASE__STATEMENT_TIMEOUT_SECONDS", "0"),
        ("MIF_TOKENS__ISSUER", "a b"),
        ("MIF_PASSWORDS__POLICY", "weak"),
        ("MIF_PASSWORDS__ARGON2_MEMORY_KIB", "19455"),
        ("MIF_PASSWORDS__ARGON2_MEMORY_KIB", "262145"),
        ("MIF_PASSWORDS__ARGON2_ITERATIONS", "1"),
        ("MIF_PASSWORDS__ARGON2_ITERATIONS", "11"),
        ("MIF_PASSWORDS__ARGON2_PARALLELISM", "5"),
        ("MIF_BOOTSTRAP__ADMIN_EMAIL", "admin"),
        ("MIF_CORS__ORIGINS", "*"),
        ("MIF_CORS__ORIGINS", "https://a.ma, https://b.ma/"),
        ("MIF_LOG__FORMAT", "xml"),
        ("MIF_TELEMETRY__SAMPLE_RATIO", "1.1"),
        ("MIF_TELEMETRY__SAMPLE_RATIO", "NaN"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("MIF_TELEMETRY__OTLP_PROTOCOL", "udp"),
        ("OTEL_TRACES_SAMPLER_ARG", "half"),
    ] {
        let text = refusal(&[(name, value)]);
        let source = format!("(environment variable {name}): must be ");
        assert!(text.contains(&source) && text.lines().count() == 1, "{name}={value}: {text}");
    }
    loaded(&[("MIF_PASSWORDS__ARGON2_ITERATIONS", "1"), ("MIF_PASSWORDS__ARGON2_MEMORY_KIB", "47104")]);
}

#[test]
fn lists_are_parsed_item_by_item() {
    let settings = loaded(&[
        ("MIF_CORS__ORIGINS", "https://GMAO.example.ma:443, http://localhost:5173,"),
        ("MIF_HTTP__TRUSTED_PROXIES", "10.0.0.0/8,::1"),
        ("MIF_HTTP__PUBLIC_URL", "https://gmao.example.ma/"),
    ]);
    assert_eq!(settings.cors.origins, ["https://gmao.example.ma", "http://localhost:5173"]);
    let trusted = |address: &str| settings.http.trusted_proxies.iter().any(|n| n.contains(address.parse().unwrap()));
    assert!(trusted("10.1.2.3") && trusted("::ffff:10.1.2.3") && trusted("::1") && !trusted("11.0.0.1"));
    assert_eq!(settings.http.public_url.as_deref(), Some("https://gmao.example.ma"));
    assert!(refusal(&[("MIF_CORS__ORIGINS", "https://a.ma, null")]).ends_with("not \"null\""));
    assert!(!loaded(&[("MIF_HTTP__TRUSTED_PROXIES", "0.0.0.0/0")]).warnings().is_empty());
}

#[test]
fn letters_do_not_go_to_the_log_in_production() {
    assert!(loaded(&[]).mail.smtp.is_none());
    let text = refusal(&[("MIF_PROFILE", "production")]);
    assert!(text.contains("mail.smtp_url") && text.contains("set MIF_MAIL__SMTP_URL"), "{text}");
    assert!(in_production(&[]).mail.smtp.is_some());
}

#[test]
fn a_mail_server_is_understood_or_named_without_its_password() {
    let url = ("MIF_MAIL__SMTP_URL", "smtps://mif:topsecret@mail.example.ma");
    let from = ("MIF_MAIL__FROM", "MIF <mif@example.ma>");
    assert!(!loaded(&[url, from]).show().contains("topsecret"));
    let cases = [
        (vec![url], "mail.from"),
        (vec![url, ("MIF_MAIL__FROM", "mif")], "mail.from"),
        (vec![("MIF_MAIL__SMTP_URL", "http://u:topsecret@mail"), from], "mail.smtp_url"),
        (vec![url, from, ("MIF_MAIL__AUTHORITY_FILE", "/nowhere/ca.pem")], "mail.authority_file"),
        (vec![("MIF_MAIL__DEADLINE_SECONDS", "41")], "mail.deadline_seconds"),
        (vec![("MIF_MAIL__RESET_PATH", "/x")], "mail.reset_path"),
        (vec![("MIF_MAIL__CONFIRM_PATH", "//ailleurs.ma/{jeton}")], "mail.confirm_path"),
    ];
    for (environment, key) in cases {
        let text = refusal(&environment);
        assert!(text.contains(key) && !text.contains("topsecret"), "{text}");
    }
}

#[test]
fn limits_cannot_be_off_in_production() {
    let off = ("MIF_LIMITS__ENABLED", "false");
    assert!(!loaded(&[off]).limits.enabled);
    let text = refusal(&[("MIF_PROFILE", "production"), off]);
    assert!(text.contains("set MIF_LIMITS__ENABLED=true") && text.contains("production profile"), "{text}");
}

#[test]
fn a_secret_may_stand_in_a_file_of_its_own() {
    let (_file, path) = temporary("  Bielle-Huile-77!\n");
    let variable = ("MIF_BOOTSTRAP__ADMIN_PASSWORD_FILE", path.as_str());
    let settings = loaded(&[variable]);
    assert_eq!(settings.bootstrap.admin_password.as_ref().unwrap().expose_secret(), "Bielle-Huile-77!");
    let source = format!("file {path}, named by environment variable MIF_BOOTSTRAP__ADMIN_PASSWORD_FILE");
    assert_eq!(shown(&settings, "bootstrap.admin_password"), ("***".to_owned(), source));

    let both = refusal(&[variable, ("MIF_BOOTSTRAP__ADMIN_PASSWORD", "Autre-Huile-78!")]);
    assert!(both.contains("only one of MIF_BOOTSTRAP__ADMIN_PASSWORD and MIF_BOOTSTRAP__ADMIN_PASSWORD_FILE"));
    assert!(!both.contains("Huile"));
    assert!(refusal(&[("MIF_DATABASE__URL_FILE", "/nowhere/url")]).contains("/nowhere/url, which cannot be read"));
    let (_empty, path) = temporary("\n");
    assert!(refusal(&[("MIF_DATABASE__URL_FILE", &path)]).contains("which is empty"));
    assert!(refusal(&[("MIF_HTTP__BIND_FILE", &path)]).contains("is not a setting"));
}

#[test]
fn secrets_are_neither_shown_nor_printed_nor_echoed() {
    let environment =
        [("MIF_DATABASE__URL", "postgres://mif:topsecret@db/mif"), ("MIF_BOOTSTRAP__ADMIN_PASSWORD", "topsecret")];
    let settings = loaded(&environment);
    assert_eq!(shown(&settings, "database.url").0, "postgres://mif:***@db/mif");
    for text in [settings.show(), format!("{settings:?}"), format!("{:?}", sources(&environment))] {
        assert!(!text.contains("topsecret"), "{text}");
    }
    let long = "topsecret".repeat(20);
    let (_file, path) = temporary("[bootstrap]\nadmin_password = \"topsecret\n");
    for environment in [
        [("MIF_DATABASE__URL", "mysql:topsecret"), ("MIF_BOOTSTRAP__ADMIN_PASSWORD", long.as_str())],
        [("MIF_CONFIG", path.as_str()), ("MIF_HTTP__BIND", "http://u:topsecret@host")],
        [("MIF_HTTP__PUBLIC_URL", "https://topsecret@a.ma"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:topsecret@a")],
    ] {
        let text = refusal(&environment);
        assert!(!text.contains("topsecret") && text.lines().count() == 2, "{text}");
    }
}

#[test]
fn standard_variables_are_read_and_give_way_to_our_own_save_rust_log() {
    let standard = [
        ("DATABASE_URL", "postgres://db/standard"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_SERVICE_NAME", "plant"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01"),
        ("RUST_LOG", "debug"),
    ];
    let settings = loaded(&standard);
    assert_eq!(settings.database.url.expose_secret(), "postgres://db/standard");
    assert_eq!(settings.telemetry.otlp_endpoint.as_deref(), Some("http://collector:4317"));
    assert_eq!(settings.telemetry.otlp_protocol, OtlpProtocol::Http);
    assert_eq!((settings.telemetry.service_name.as_str(), settings.telemetry.sample_ratio), ("plant", 0.01));
    assert_eq!(settings.log.filter, "debug");

    let ours = [
        ("MIF_DATABASE__URL", "postgres://db/ours"),
        ("MIF_TELEMETRY__OTLP_PROTOCOL", "grpc"),
        ("MIF_TELEMETRY__SERVICE_NAME", "ours"),
        ("MIF_LOG__FILTER", "error"),
    ];
    let settings = loaded(&[&standard[..], &ours[..]].concat());
    assert_eq!(settings.database.url.expose_secret(), "postgres://db/ours");
    assert_eq!(settings.telemetry.otlp_protocol, OtlpProtocol::Grpc);
    assert_eq!(settings.telemetry.service_name, "ours");
    assert_eq!(settings.log.filter, "debug");
}

#[test]
fn a_file_that_was_named_must_be_there_and_be_understood() {
    let text = refusal(&[("MIF_CONFIG", "/nowhere/mif.toml")]);
    assert!(text.starts_with("config (environment variable MIF_CONFIG): names /nowhere/mif.toml, which cannot"));
    let (_file, path) = temporary("[http]\nbind = \n");
    let text = refusal(&[("MIF_CONFIG", &path)]);
    assert!(text.starts_with(&format!("config ({path}): ")) && text.contains("line 2"), "{text}");
    let flags = vec![("config", path.clone()), ("http.bnd", String::new())];
    let text = Settings::load(Sources { environment: Vec::new(), flags }).unwrap_err().to_string();
    assert!(text.contains(&path) && text.contains("http.bnd (command line): is not a setting"), "{text}");
}

#[test]
fn folders_follow_the_data_folder() {
    let settings = loaded(&[("MIF_DATA_DIR", "/var/lib/mif")]);
    assert_eq!(settings.database.url.expose_secret(), "sqlite:///var/lib/mif/mif.db");
    assert_eq!(shown(&settings, "keys.dir").0, "/var/lib/mif/keys");
    assert_eq!(loaded(&[("MIF_KEYS__DIR", "/run/keys")]).keys.dir.to_str(), Some("/run/keys"));
}

/// The keys of a file of ours.
fn keys(text: &str) -> Vec<String> {
    let table: BTreeMap<String, Value> =
        File::from_str(text, FileFormat::Toml).collect().unwrap().into_iter().collect();
    let mut keys = Vec::new();
    for (name, value) in table {
        match value.kind {
            ValueKind::Table(section) => keys.extend(section.keys().map(|key| format!("{name}.{key}"))),
            _ => keys.push(name),
        }
    }
    keys
}

#[test]
fn every_key_of_the_files_is_shown_and_the_profiles_agree_on_which_they_set() {
    let settings = loaded(&[]);
    let text = settings.show();
    let mut shown: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    shown.sort_unstable();
    let mut documented = keys(DEFAULT);
    documented.sort_unstable();
    assert_eq!(shown, documented);
    let profiles = [keys(DEVELOPMENT), keys(PRODUCTION)].map(|mut keys| {
        keys.sort_unstable();
        keys
    });
    assert_eq!(profiles[0], profiles[1]);
}

#[test]
fn the_manual_names_every_key_with_its_variable_and_its_defaults() {
    let profiles = [loaded(&[]), in_production(&[])];
    for key in keys(DEFAULT) {
        let row = MANUAL.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md has no row for {key}"));
        let variable = format!("`MIF_{}`", key.replace('.', "__").to_uppercase());
        assert!(row.contains(&variable), "{row}");
        for settings in &profiles {
            let (value, source) = shown(settings, &key);
            if key != "profile" && source.starts_with("environment") {
                continue;
            }
            let value = if key == "data_dir" { value } else { value.replace("./data", "<data_dir>") };
            assert!(value == "(not set)" || row.contains(&format!("`{value}`")), "{value} is not the default in {row}");
        }
    }
    let documented = MANUAL.lines().filter(|line| line.starts_with("| `") && line.contains("| `MIF_")).count();
    assert_eq!(documented, keys(DEFAULT).len(), "the manual has a row too many");
}
