//! Where a request really comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::HeaderMap;

/// The proxies whose word about the client's address counts: networks as (address, prefix length).
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<(IpAddr, u8)>);

impl TrustedProxies {
    /// From networks as settings give them; addresses are canonicalised.
    pub fn new(networks: impl IntoIterator<Item = (IpAddr, u8)>) -> Self {
        Self(networks.into_iter().map(|(address, prefix)| (address.to_canonical(), prefix)).collect())
    }

    /// Whether an address is one of them.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
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
    /// in `Forwarded` (RFC 7239) or `X-Forwarded-For`: all header lines, from the right. An unreadable hop ends the walk.
    /// A proxy writes one of the two headers and lets the other through as the client sent it, so when both are there and
    /// do not agree, neither is believed.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if self.0.is_empty() || !self.trusts(peer) {
            return peer;
        }
        let walked = |name, hop| headers.contains_key(name).then(|| self.walk(peer, headers, name, hop));
        match (walked("x-forwarded-for", parse_address), walked("forwarded", parse_element)) {
            (Some(client), None) | (None, Some(client)) => client,
            (Some(one), Some(other)) if one == other => one,
            _ => peer,
        }
    }

    fn walk(&self, peer: IpAddr, headers: &HeaderMap, name: &str, hop: fn(&str) -> Option<IpAddr>) -> IpAddr {
        // A line that is not text is a hop that nobody can read.
        let lines: Vec<&str> = headers.get_all(name).map(|line| line.to_str().unwrap_or_default()).collect();
        let mut client = peer;
        for text in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            let Some(address) = hop(text) else { break };
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
fn parse_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bracketed = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bracketed {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip())),
    };
    address.map(|address| address.to_canonical())
}

/// The `for` of an element such as `for="[2001:db8::7]:443";proto=https`. Names of its own choosing (`_proxy`, `unknown`)
/// are no addresses. A comma in quotes cuts an element in two that are both unreadable, which is as it should be.
fn parse_element(element: &str) -> Option<IpAddr> {
    let mut named = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    });
    let value = named.next().filter(|_| named.next().is_none())?;
    parse_address(value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};
    use mif_domain::guesses::subscriber;
    use proptest::prelude::*;

    use super::*;

    fn seen(peer: &str, lines: &[(&'static str, &[u8])]) -> String {
        let proxies = TrustedProxies::new([("10.0.0.0".parse().unwrap(), 8), ("fd00::".parse().unwrap(), 16)]);
        let mut headers = HeaderMap::new();
        for (name, line) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(line).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    fn client(peer: &str, forwarded: &[&str]) -> String {
        seen(peer, &forwarded.iter().map(|line| ("x-forwarded-for", line.as_bytes())).collect::<Vec<_>>())
    }

    fn standard(peer: &str, forwarded: &[&str]) -> String {
        seen(peer, &forwarded.iter().map(|line| ("forwarded", line.as_bytes())).collect::<Vec<_>>())
    }

    #[test]
    fn a_stranger_cannot_choose_its_address() {
        for stranger in ["203.0.113.9", "2001:db8::9"] {
            assert_eq!(client(stranger, &["1.2.3.4"]), stranger);
            assert_eq!(client(stranger, &["1.2.3.4, 10.0.0.1"]), stranger);
            assert_eq!(standard(stranger, &["for=1.2.3.4"]), stranger);
        }
        assert_eq!(client("::ffff:203.0.113.9", &["1.2.3.4"]), "203.0.113.9");
    }

    #[test]
    fn the_walk_goes_from_the_right_past_trusted_hops_only() {
        assert_eq!(client("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 203.0.113.9, 10.1.1.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["6.6.6.6,203.0.113.9,fd00::2,10.1.1.1"]), "203.0.113.9");
        assert_eq!(client("fd00::1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(client("fd00::1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(client("10.0.0.1", &["10.3.3.3, 10.2.2.2"]), "10.3.3.3", "everybody is trusted: the first hop asks");
    }

    #[test]
    fn several_header_lines_are_one_list() {
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "10.1.1.1"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "203.0.113.9", "10.1.1.1, 10.2.2.2"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn what_cannot_be_read_ends_the_walk() {
        for rubbish in ["rubbish", "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "[::1", "2001:db8::g", "unknown", "1.2.3.4:x"]
        {
            assert_eq!(client("10.0.0.1", &[&format!("6.6.6.6, {rubbish}, 10.1.1.1")]), "10.1.1.1", "{rubbish}");
        }
        assert_eq!(seen("10.0.0.1", &[("x-forwarded-for", b"6.6.6.6"), ("x-forwarded-for", b"\xff")]), "10.0.0.1");
    }

    #[test]
    fn the_standard_header_is_read_as_well() {
        assert_eq!(standard("10.0.0.1", &["for=203.0.113.9"]), "203.0.113.9");
        assert_eq!(standard("10.0.0.1", &["for=6.6.6.6, For=\"203.0.113.9:4711\";proto=https"]), "203.0.113.9");
        let v6 = "proto=https;for=\"[2001:db8::7]:443\";by=10.0.0.1, for=10.1.1.1";
        assert_eq!(standard("fd00::1", &["for=6.6.6.6", v6]), "2001:db8::7");
        for hidden in ["for=unknown", "for=_proxy", "proto=https", "for=1.1.1.1;for=2.2.2.2", "for=\"1.1.1.1", "for="] {
            assert_eq!(
                standard("10.0.0.1", &[&format!("for=6.6.6.6, {hidden}, for=10.1.1.1")]),
                "10.1.1.1",
                "{hidden}"
            );
        }
        assert_eq!(standard("10.0.0.1", &["for=\"6.6.6.6", "for=203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn two_headers_that_disagree_are_both_forgotten() {
        let both = |x: &[u8], standard: &[u8]| seen("10.0.0.1", &[("x-forwarded-for", x), ("forwarded", standard)]);
        assert_eq!(both(b"203.0.113.9", b"for=6.6.6.6"), "10.0.0.1");
        assert_eq!(both(b"6.6.6.6", b"for=203.0.113.9"), "10.0.0.1");
        assert_eq!(both(b"203.0.113.9", b"for=203.0.113.9;proto=https"), "203.0.113.9");
    }

    #[test]
    fn mapped_addresses_are_ipv4_and_ipv6_counts_by_network() {
        assert_eq!(client("::ffff:203.0.113.9", &[]), "203.0.113.9");
        assert_eq!(client("::ffff:10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
        assert_eq!(standard("::ffff:10.0.0.1", &["for=\"[::ffff:203.0.113.9]:80\""]), "203.0.113.9");
        assert_eq!(subscriber("2001:db8::1:2:3:4".parse().unwrap()).to_string(), "2001:db8::");
        assert_eq!(subscriber("::ffff:203.0.113.9".parse().unwrap()).to_string(), "203.0.113.9");
    }

    proptest! {
        /// Whatever a client sends, its own address is what the first trusted proxy saw.
        #[test]
        fn nothing_that_a_client_writes_hides_it(lines in prop::collection::vec("[ -~]{0,40}", 0..4), hops in 0_usize..3) {
            let mut x = lines.clone();
            x.push("203.0.113.9".to_owned());
            let mut standard = lines;
            standard.push("for=203.0.113.9".to_owned());
            for hop in 0..hops {
                x.push(format!("10.0.0.{hop}"));
                standard.push(format!("for=10.0.0.{hop}"));
            }
            for (name, lines) in [("x-forwarded-for", x), ("forwarded", standard)] {
                let separate: Vec<_> = lines.iter().map(|line| (name, line.as_bytes())).collect();
                prop_assert_eq!(seen("10.9.9.9", &separate), "203.0.113.9");
                let joined = lines.join(", ");
                prop_assert_eq!(seen("10.9.9.9", &[(name, joined.as_bytes())]), "203.0.113.9");
            }
        }
    }
}
