//! Guesses at passwords.

use async_trait::async_trait;
use mif_domain::guesses::{AddressKey, GuessGuard, GuessLimits, Reservation};
use mif_domain::repository::Stored;
use mif_domain::users::UserId;
use mif_domain::{Constraint, Instant};

use super::state::PairGuesses;
use super::{Unit, purge};

pub(super) struct Guesses<'a>(pub(super) &'a mut Unit);

impl PairGuesses {
    fn new(at: Instant) -> Self {
        Self { failures: 0, locks: 0, locked_until: None, counted_at: at }
    }

    /// The failure that was counted: which it is, and until when it locks. `None` while locked.
    fn count(&mut self, at: Instant) -> Option<Reservation> {
        if self.locked_until.is_some_and(|until| until > at) {
            return None;
        }
        if self.counted_at <= at - GuessLimits::FORGOTTEN {
            *self = Self::new(at);
        }
        let nth = self.failures + 1;
        (self.failures, self.locked_until, self.counted_at) = (nth, None, at);
        if nth >= GuessLimits::ALLOWANCE {
            let last = GuessLimits::LOCKS.len() - 1;
            self.locked_until = GuessLimits::LOCKS.get(self.locks.min(last)).map(|lock| at + *lock);
            self.locks += 1;
            self.failures = 0;
        }
        Some(Reservation::Allowed { nth: u32::try_from(nth).ok()?, locked_until: self.locked_until })
    }

    fn give_back(&mut self) {
        if self.locked_until.take().is_some() {
            self.locks -= 1;
            self.failures = GuessLimits::ALLOWANCE - 1;
        } else {
            self.failures = (self.failures - 1).max(0);
        }
    }
}

#[async_trait]
impl GuessGuard for Guesses<'_> {
    async fn reserve(&mut self, user: UserId, address: &AddressKey, at: Instant) -> Stored<Reservation> {
        let known = self.0.state.users.contains_key(&user);
        self.0.keep(known, Constraint::Other)?;
        let state = &mut self.0.state;
        if state.accounts.get(&user).is_some_and(|account| account.failures >= GuessLimits::ACCOUNT) {
            return Ok(Reservation::Locked);
        }
        let pair = state.pairs.entry((user, address.clone())).or_insert_with(|| PairGuesses::new(at));
        let Some(allowed) = pair.count(at) else { return Ok(Reservation::Locked) };
        state.accounts.entry(user).or_default().failures += 1;
        Ok(allowed)
    }

    async fn reserve_unknown(&mut self, address: &AddressKey, at: Instant) -> Stored<Reservation> {
        let (failures, since) = self.0.state.unknown.entry(address.clone()).or_insert((0, at));
        if *since <= at - GuessLimits::UNKNOWN_WINDOW {
            (*failures, *since) = (0, at);
        }
        if *failures >= GuessLimits::UNKNOWN {
            return Ok(Reservation::Locked);
        }
        *failures += 1;
        Ok(Reservation::Allowed { nth: u32::try_from(*failures).unwrap_or(u32::MAX), locked_until: None })
    }

    async fn give_back(&mut self, user: UserId, address: &AddressKey) -> Stored<()> {
        let state = &mut self.0.state;
        if let Some(pair) = state.pairs.get_mut(&(user, address.clone())) {
            pair.give_back();
        }
        if let Some(account) = state.accounts.get_mut(&user)
            && (1..GuessLimits::ACCOUNT).contains(&account.failures)
        {
            account.failures -= 1;
        }
        Ok(())
    }

    async fn succeed(&mut self, user: UserId, address: &AddressKey) -> Stored<()> {
        self.0.state.pairs.remove(&(user, address.clone()));
        self.0.state.accounts.remove(&user);
        Ok(())
    }

    async fn claim_closing(&mut self, user: UserId) -> Stored<bool> {
        let account = self.0.state.accounts.get_mut(&user);
        let account = account.filter(|account| account.failures >= GuessLimits::ACCOUNT && !account.is_told);
        Ok(account.map(|account| account.is_told = true).is_some())
    }

    async fn unlock(&mut self, user: UserId) -> Stored<()> {
        self.0.state.pairs.retain(|(of, _), _| *of != user);
        self.0.state.accounts.remove(&user);
        Ok(())
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        let state = &mut self.0.state;
        let pairs = purge(&mut state.pairs, |_, pair| pair.counted_at <= at - GuessLimits::FORGOTTEN);
        Ok(pairs + purge(&mut state.unknown, |_, (_, since)| *since <= at - GuessLimits::UNKNOWN_WINDOW))
    }
}
