//! Where clamd listens.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

/// Where clamd listens: `tcp://host:port` or `unix:/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClamdAddress(pub(crate) Place);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The host of an IPv6 address stands without its brackets.
    Tcp {
        host: String,
        port: u16,
    },
    Unix(PathBuf),
}

/// Why a text is no address of clamd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ClamdAddressError {
    /// Something else than the two forms.
    #[error("must be tcp://host:port or unix:/path")]
    Form,
    /// No name and no address.
    #[error("the host is neither a name nor an address (IPv6 stands in brackets)")]
    Host,
    /// No number from 1 to 65535.
    #[error("the port must be a number from 1 to 65535")]
    Port,
    /// Depends on the folder that the server was started in.
    #[error("the path of the socket must begin with /")]
    RelativePath,
    /// The system would not take it.
    #[error("the path of the socket is longer than {} bytes", MAX_PATH)]
    LongPath,
}

/// What fits into `sockaddr_un` on Linux, apart from the closing NUL, in bytes.
const MAX_PATH: usize = 107;
/// The longest name in the DNS.
const MAX_HOST: usize = 253;

impl FromStr for ClamdAddress {
    type Err = ClamdAddressError;

    fn from_str(text: &str) -> Result<Self, ClamdAddressError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(path);
        }
        let rest = text.strip_prefix("tcp://").ok_or(ClamdAddressError::Form)?;
        let (host, port) = rest.rsplit_once(':').ok_or(ClamdAddressError::Port)?;
        let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().map_err(|_| ClamdAddressError::Host)?.to_string(),
            None if is_name(host) => host.to_owned(),
            None => return Err(ClamdAddressError::Host),
        };
        // `parse` alone would take a sign.
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port > 0).ok_or(ClamdAddressError::Port)?;
        Ok(Self(Place::Tcp { host, port }))
    }
}

fn unix(path: &str) -> Result<ClamdAddress, ClamdAddressError> {
    if !Path::new(path).is_absolute() {
        return Err(ClamdAddressError::RelativePath);
    }
    if path.contains('\0') {
        return Err(ClamdAddressError::Form);
    }
    if path.len() > MAX_PATH {
        return Err(ClamdAddressError::LongPath);
    }
    Ok(ClamdAddress(Place::Unix(PathBuf::from(path))))
}

fn is_name(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !host.is_empty() && host.len() <= MAX_HOST && host.bytes().all(allowed)
}

impl fmt::Display for ClamdAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Tcp { host, port } if host.contains(':') => write!(f, "tcp://[{host}]:{port}"),
            Place::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> ClamdAddressError {
        text.parse::<ClamdAddress>().unwrap_err()
    }

    #[test]
    fn an_address_is_written_as_it_was_read() {
        for text in ["tcp://clamav:3310", "tcp://127.0.0.1:1", "tcp://[::1]:3310", "unix:/run/clamav/clamd.ctl"] {
            assert_eq!(text.parse::<ClamdAddress>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said() {
        assert_eq!(error(""), ClamdAddressError::Form);
        assert_eq!(error("clamav:3310"), ClamdAddressError::Form);
        assert_eq!(error("http://clamav:3310"), ClamdAddressError::Form);
        assert_eq!(error("tcp://:3310"), ClamdAddressError::Host);
        assert_eq!(error("tcp://::1:3310"), ClamdAddressError::Host);
        assert_eq!(error("tcp://[clamav]:3310"), ClamdAddressError::Host);
        assert_eq!(error("tcp://user@clamav:3310"), ClamdAddressError::Host);
        assert_eq!(error("tcp://clamav"), ClamdAddressError::Port);
        assert_eq!(error("tcp://clamav:"), ClamdAddressError::Port);
        assert_eq!(error("tcp://clamav:0"), ClamdAddressError::Port);
        assert_eq!(error("tcp://clamav:+3310"), ClamdAddressError::Port);
        assert_eq!(error("tcp://clamav:65536"), ClamdAddressError::Port);
        assert_eq!(error("tcp://clamav:3310/"), ClamdAddressError::Port);
        assert_eq!(error("unix:run/clamd.ctl"), ClamdAddressError::RelativePath);
        assert_eq!(error("unix:"), ClamdAddressError::RelativePath);
        assert_eq!(error(&format!("unix:/{}", "a".repeat(107))), ClamdAddressError::LongPath);
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_reads_the_same_again(text in "(tcp://|unix:)[a-z0-9:./\\[\\]_-]{0,40}") {
            if let Ok(address) = text.parse::<ClamdAddress>() {
                prop_assert_eq!(address.to_string().parse::<ClamdAddress>(), Ok(address));
            }
        }
    }
}
