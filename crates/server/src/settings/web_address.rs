//! Addresses as browsers write them.

use std::net::Ipv6Addr;

struct Address<'a> {
    scheme: String,
    /// Lower case, IPv6 in brackets.
    host: String,
    /// Absent when it is the scheme's own.
    port: Option<u16>,
    /// Path, query and fragment.
    rest: &'a str,
}

impl<'a> Address<'a> {
    /// Understands `http` and `https`, without user information.
    fn parse(raw: &'a str) -> Option<Self> {
        let (scheme, after) = raw.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let own_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        let (host, port) = if let Some(bracketed) = authority.strip_prefix('[') {
            let (address, port) = bracketed.split_once(']')?;
            (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
        } else {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (host_name(host)?, port)
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => Some(port_number(digits)?),
            None if port.is_empty() => None,
            None => return None,
        };
        Some(Self { scheme, host, port: port.filter(|port| *port != own_port), rest })
    }

    fn origin(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}", self.scheme, self.host)
    }
}

fn host_name(raw: &str) -> Option<String> {
    let label_ok = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    (raw.len() <= 253 && raw.split('.').all(label_ok)).then(|| raw.to_ascii_lowercase())
}

fn port_number(digits: &str) -> Option<u16> {
    let port = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    (port != 0).then_some(port)
}

/// An origin in the form of the `Origin` header (RFC 6454, 6.2): `scheme://host[:port]`, lower case, without the port
/// that goes without saying.
pub(super) fn origin(raw: &str) -> Option<String> {
    Address::parse(raw).filter(|address| address.rest.is_empty()).map(|address| address.origin())
}

/// An address to which paths can be appended: no query, no fragment, no slash at the end.
pub(super) fn base_url(raw: &str) -> Option<String> {
    let address = Address::parse(raw)?;
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#');
    address.rest.chars().all(plain).then(|| format!("{}{}", address.origin(), address.rest.trim_end_matches('/')))
}

/// The text with every password of a URL replaced by `***`. Rather hides too much than too little.
pub(super) fn masked(raw: &str) -> String {
    let Some((scheme, rest)) = raw.split_once("://") else { return raw.to_owned() };
    let rest = match rest.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            None => format!("***@{host}"),
        },
        None => rest.to_owned(),
    };
    match rest.split_once('?') {
        Some((path, query)) => {
            let parameters: Vec<String> = query.split('&').map(masked_parameter).collect();
            format!("{scheme}://{path}?{}", parameters.join("&"))
        }
        None => format!("{scheme}://{rest}"),
    }
}

fn masked_parameter(parameter: &str) -> String {
    match parameter.split_once('=') {
        // A name that is percent-encoded might spell anything.
        Some((name, _)) if name.to_ascii_lowercase().contains("pass") || name.contains('%') => format!("{name}=***"),
        _ => parameter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_what_a_browser_sends() {
        for (raw, expected) in [
            ("https://GMAO.Exemple.ma", "https://gmao.exemple.ma"),
            ("https://a.ma:443", "https://a.ma"),
            ("http://a.ma:443", "http://a.ma:443"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::0001]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(origin(raw).as_deref(), Some(expected), "{raw}");
        }
    }

    #[test]
    fn whatever_is_not_exactly_an_origin_is_refused() {
        for raw in [
            "*",
            "null",
            "a.ma",
            "https://",
            "https://*.a.ma",
            "https://a.ma/",
            "https://a.ma/x",
            "https://a.ma?x",
            "https://u@a.ma",
            "https://u:p@a.ma",
            "https://a.ma:",
            "https://a.ma:0",
            "https://a.ma:+80",
            "https://a.ma:65536",
            "https://a..ma",
            "https://a b",
            "https://é.ma",
            "https://[::1",
            "https://[::1]x",
            "ftp://a.ma",
        ] {
            assert_eq!(origin(raw), None, "{raw} was accepted");
        }
    }

    #[test]
    fn a_base_url_may_have_a_path_and_nothing_else() {
        assert_eq!(base_url("https://a.ma/").as_deref(), Some("https://a.ma"));
        assert_eq!(base_url("https://a.ma/gmao/").as_deref(), Some("https://a.ma/gmao"));
        for raw in ["https://a.ma/?x", "https://a.ma/#x", "https://a.ma/a b", "https://u:p@a.ma"] {
            assert_eq!(base_url(raw), None, "{raw} was accepted");
        }
    }

    #[test]
    fn passwords_are_masked_wherever_they_hide() {
        for (raw, expected) in [
            ("postgres://mif:se/cr@et@db:5432/mif?sslmode=require", "postgres://mif:***@db:5432/mif?sslmode=require"),
            (
                "postgres://db/mif?user=mif&password=x&sslpassword=y",
                "postgres://db/mif?user=mif&password=***&sslpassword=***",
            ),
            ("postgres://db/mif?p%61ssword=x", "postgres://db/mif?p%61ssword=***"),
            ("https://token@host", "https://***@host"),
            ("sqlite://./data/mif.db", "sqlite://./data/mif.db"),
            ("sqlite::memory:", "sqlite::memory:"),
        ] {
            assert_eq!(masked(raw), expected);
        }
    }
}
