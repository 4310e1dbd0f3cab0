//! Guessing at passwords, and how little of it is allowed. An attempt is counted as a failure before the
//! password is looked at, so that any number of attempts at once reach the hasher as often as one after the other.

use std::net::{IpAddr, Ipv6Addr};

use async_trait::async_trait;
use chrono::TimeDelta;

use crate::clock::Instant;
use crate::repository::Stored;
use crate::users::UserId;

/// Who guesses, as far as the network tells: a canonical address, or for IPv6 its /64, all of which one subscriber owns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressKey(String);

/// Who counts as one caller: an IPv4 address, or the /64 of an IPv6 address, all of which one subscriber owns. An IPv4 address
/// written as IPv6 is that IPv4 address.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl AddressKey {
    /// The key of the [`subscriber`] behind an address.
    pub fn of(address: IpAddr) -> Self {
        Self(subscriber(address).to_string())
    }

    /// The key of everybody whose address is not known: they share one allowance.
    pub fn unknown() -> Self {
        Self("unknown".to_owned())
    }

    /// The stored spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many failures are too many, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct GuessLimits;

impl GuessLimits {
    /// Failures of an account from one address until the pair is locked, and until each further lock.
    pub const ALLOWANCE: i64 = 5;
    /// How long the first locks of a pair last; every later one lasts as long as the last of these.
    pub const LOCKS: [TimeDelta; 4] =
        [TimeDelta::minutes(5), TimeDelta::minutes(10), TimeDelta::minutes(20), TimeDelta::minutes(40)];
    /// A pair without a counted failure for so long begins anew.
    pub const FORGOTTEN: TimeDelta = TimeDelta::hours(24);
    /// Failures of an account in a row, over all addresses, that close it.
    pub const ACCOUNT: i64 = 100;
    /// Failures of an address on accounts that nobody has.
    pub const UNKNOWN: i64 = 5;
    /// In how long.
    pub const UNKNOWN_WINDOW: TimeDelta = TimeDelta::minutes(15);
}

/// Whether a password may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reservation {
    /// It may. The attempt counts as a failure until [`GuessGuard::succeed`] says otherwise.
    Allowed {
        /// The how-manieth failure of its pair, or of its address, it is: 1 to the allowance.
        nth: u32,
        /// Set when the failure locks the pair: until when.
        locked_until: Option<Instant>,
    },
    /// It may not, and nothing was counted.
    Locked,
}

/// What keeps people from guessing, inside a unit of work. Every decision MUST be one statement; of any number of callers
/// at once as many are allowed as the limits say. Statements on a pair come before those on its account, always.
#[async_trait]
pub trait GuessGuard: Send {
    /// Counts a failure of an account from an address. The [`ALLOWANCE`](GuessLimits::ALLOWANCE)-th locks the pair, and
    /// the [`ACCOUNT`](GuessLimits::ACCOUNT)-th in a row over all addresses closes the account. MUST count nothing when it
    /// answers [`Reservation::Locked`].
    async fn reserve(&mut self, user: UserId, address: &AddressKey, at: Instant) -> Stored<Reservation>;

    /// Counts a failure of an address on an account that nobody has: [`UNKNOWN`](GuessLimits::UNKNOWN) in
    /// [`UNKNOWN_WINDOW`](GuessLimits::UNKNOWN_WINDOW), counted from the first.
    async fn reserve_unknown(&mut self, address: &AddressKey, at: Instant) -> Stored<Reservation>;

    /// Takes back a reservation whose password was never looked at. MUST NOT open a closed account.
    async fn give_back(&mut self, user: UserId, address: &AddressKey) -> Stored<()>;

    /// The password was right: forgets the failures of the pair, and those of the account over all addresses.
    async fn succeed(&mut self, user: UserId, address: &AddressKey) -> Stored<()>;

    /// Whether the account is closed and nobody has been told yet. MUST answer `true` to one caller only.
    async fn claim_closing(&mut self, user: UserId) -> Stored<bool>;

    /// Forgets every failure of an account: its pairs are free, and the account open.
    async fn unlock(&mut self, user: UserId) -> Stored<()>;

    /// Deletes pairs and addresses that begin anew anyway: at most [`PURGED`](crate::repository::PURGED) of each a call, and none that another unit holds.
    /// Returns how many.
    async fn purge(&mut self, at: Instant) -> Stored<u64>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> AddressKey {
        AddressKey::of(address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_subscriber_is_one_client_and_a_mapped_address_is_ipv4() {
        assert_eq!(key("2001:db8::1:2:3:4"), key("2001:db8::ffff:0:0:9"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("2001:db8:1:2:3::4").as_str(), "2001:db8:1:2::");
        assert_eq!(key("::ffff:203.0.113.9"), key("203.0.113.9"));
        assert_ne!(key("203.0.113.9"), key("203.0.113.10"));
    }
}
