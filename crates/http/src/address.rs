//! Where a request really comes from.

use std::net::{IpAddr, Ipv6Addr};

use actix_web::http::header::HeaderMap;

/// The proxies whose word about the client's address counts: networks as (address, prefix length).
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<(IpAddr, u8)>);

impl TrustedProxies {
    /// From networks as settings give them; addresses are canonicalised.
    pub fn new(networks: impl IntoIterator<Item = (IpAddr, u8)>) -> Self {
        Self(networks.into_iter().map(|(address, prefix)| (address.to_canonical(), prefix)).collect())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|(network, prefix)| match (network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(u128::from(u32::from(*network)), u128::from(u32::from(address)), 32, *prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(u128::from(*network), u128::from(address), 128, *prefix)
            }
            _ => false,
        })
    }

    /// The client's canonical address: the peer, or, as long as the last known hop is a trusted proxy, the one before it
    /// in `X-Forwarded-For` (all header lines, from the right). An unreadable hop ends the walk.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if self.0.is_empty() || !self.trusts(client) {
            return client;
        }
        let lines: Vec<&str> = headers.get_all("x-forwarded-for").filter_map(|line| line.to_str().ok()).collect();
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let Some(address) = parse_hop(hop) else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

fn same_prefix(a: u128, b: u128, width: u8, prefix: u8) -> bool {
    let shift = u32::from(width.saturating_sub(prefix));
    a.checked_shr(shift).unwrap_or(0) == b.checked_shr(shift).unwrap_or(0)
}

/// An address, with or without a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    hop.parse::<IpAddr>()
        .or_else(|_| hop.parse::<std::net::SocketAddr>().map(|address| address.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

/// What a limit counts as one client: an address, or for IPv6 its /64, because a subscriber owns all of it.
pub(crate) fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies::new([("10.0.0.0".parse().unwrap(), 8), ("fd00::".parse().unwrap(), 16)]);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(line).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        assert_eq!(client("203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
    }

    #[test]
    fn the_walk_goes_from_the_right_past_trusted_hops_only() {
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 203.0.113.9, 10.1.1.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "10.1.1.1"]), "203.0.113.9");
        assert_eq!(client("fd00::1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, rubbish, 10.1.1.1"]), "10.1.1.1");
    }

    #[test]
    fn mapped_addresses_are_ipv4_and_ipv6_counts_by_network() {
        assert_eq!(client("::ffff:203.0.113.9", &[]), "203.0.113.9");
        assert_eq!(counted("2001:db8::1:2:3:4".parse().unwrap()).to_string(), "2001:db8::");
        assert_eq!(counted("::ffff:203.0.113.9".parse().unwrap()).to_string(), "203.0.113.9");
    }
}
