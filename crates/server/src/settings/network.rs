//! Networks of IP addresses.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// A network in CIDR notation (RFC 4632, RFC 4291), or one address. IPv4 mapped into IPv6 is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// The first address: bits after the prefix are zero.
    first: IpAddr,
    prefix: u8,
}

/// Not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is neither an IP address nor a network such as 10.0.0.0/8")]
pub struct NetworkError;

impl Network {
    /// Its first address.
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// How many leading bits its addresses share.
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether the address belongs to it.
    pub fn contains(&self, address: IpAddr) -> bool {
        masked(address.to_canonical(), self.prefix) == self.first
    }
}

/// Keeps the first `prefix` bits. Networks of one family are never equal to addresses of the other.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(prefix))).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(prefix))).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(raw: &str) -> Result<Self, NetworkError> {
        let (address, length) = match raw.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (raw, None),
        };
        let typed: IpAddr = address.parse().map_err(|_| NetworkError)?;
        let bits = if typed.is_ipv4() { 32 } else { 128 };
        let prefix: u8 = match length {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| NetworkError)?,
            Some(_) => return Err(NetworkError),
            None => bits,
        };
        if prefix > bits {
            return Err(NetworkError);
        }
        let (address, prefix) = match typed.to_canonical() {
            // A mapped network that holds more than IPv4 stays what it is.
            v4 if v4.is_ipv4() && typed.is_ipv6() && prefix >= 96 => (v4, prefix - 96),
            v4 if v4.is_ipv4() && typed.is_ipv6() => (typed, prefix),
            same => (same, prefix),
        };
        Ok(Self { first: masked(address, prefix), prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(raw: &str) -> Network {
        raw.parse().unwrap()
    }

    #[test]
    fn a_network_contains_its_addresses_and_no_others() {
        for (raw, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("10.1.2.3/8", "10.0.0.0", "9.255.255.255"),
            ("192.168.1.7", "192.168.1.7", "192.168.1.6"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "fe80::1", "1.2.3.4"),
            ("::ffff:10.0.0.0/104", "10.1.1.1", "11.0.0.0"),
            ("10.0.0.0/8", "::ffff:10.0.0.1", "::10.0.0.1"),
        ] {
            assert!(network(raw).contains(inside.parse().unwrap()), "{raw} {inside}");
            assert!(!network(raw).contains(outside.parse().unwrap()), "{raw} {outside}");
        }
    }

    #[test]
    fn it_is_shown_in_its_shortest_form() {
        assert_eq!(network("10.1.2.3/8").to_string(), "10.0.0.0/8");
        assert_eq!(network("::1").to_string(), "::1/128");
    }

    #[test]
    fn anything_else_is_refused() {
        for raw in
            ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/8/8", "host", "1.2.3.4:80"]
        {
            assert_eq!(raw.parse::<Network>(), Err(NetworkError), "{raw} was accepted");
        }
    }
}
