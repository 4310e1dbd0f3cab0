//! Guesses at passwords. Every limit is the condition of one statement.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::guesses::{AddressKey, GuessGuard, GuessLimits, Reservation};
use mif_domain::repository::Stored;
use mif_domain::users::UserId;
use sea_orm::{QueryResult, Value};

use crate::unit_of_work::Transaction;

pub(crate) struct Guesses<'a>(pub(crate) &'a mut Transaction);

// A row is unlocked when it is written, unless this very failure locks it.
const RESERVE_PAIR: &str = "\
    INSERT INTO pair_guesses (user_id, address, failures, locks, counted_at) VALUES ($1, $2, 1, 0, $3) \
    ON CONFLICT (user_id, address) DO UPDATE SET \
      failures = CASE WHEN pair_guesses.counted_at <= $4 THEN 1 \
                      WHEN pair_guesses.failures + 1 >= $5 THEN 0 ELSE pair_guesses.failures + 1 END, \
      locks = CASE WHEN pair_guesses.counted_at <= $4 THEN 0 \
                   WHEN pair_guesses.failures + 1 >= $5 THEN pair_guesses.locks + 1 ELSE pair_guesses.locks END, \
      locked_until = CASE WHEN pair_guesses.counted_at <= $4 OR pair_guesses.failures + 1 < $5 THEN NULL \
                          WHEN pair_guesses.locks = 0 THEN $6 WHEN pair_guesses.locks = 1 THEN $7 \
                          WHEN pair_guesses.locks = 2 THEN $8 ELSE $9 END, \
      counted_at = excluded.counted_at \
    WHERE pair_guesses.locked_until IS NULL OR pair_guesses.locked_until <= $3 \
    RETURNING failures, locked_until";

const RESERVE_ACCOUNT: &str = "\
    INSERT INTO account_guesses (user_id, failures, is_told) VALUES ($1, 1, $3) \
    ON CONFLICT (user_id) DO UPDATE SET failures = account_guesses.failures + 1 \
    WHERE account_guesses.failures < $2 \
    RETURNING failures";

const RESERVE_UNKNOWN: &str = "\
    INSERT INTO unknown_guesses (address, failures, since) VALUES ($1, 1, $2) \
    ON CONFLICT (address) DO UPDATE SET \
      failures = CASE WHEN unknown_guesses.since <= $3 THEN 1 ELSE unknown_guesses.failures + 1 END, \
      since = CASE WHEN unknown_guesses.since <= $3 THEN excluded.since ELSE unknown_guesses.since END \
    WHERE unknown_guesses.since <= $3 OR unknown_guesses.failures < $4 \
    RETURNING failures";

const GIVE_BACK_PAIR: &str = "\
    UPDATE pair_guesses SET \
      failures = CASE WHEN locked_until IS NULL THEN failures - 1 ELSE $3 - 1 END, \
      locks = CASE WHEN locked_until IS NULL THEN locks ELSE locks - 1 END, \
      locked_until = NULL \
    WHERE user_id = $1 AND address = $2 AND (failures > 0 OR locked_until IS NOT NULL)";

const GIVE_BACK_ACCOUNT: &str =
    "UPDATE account_guesses SET failures = failures - 1 WHERE user_id = $1 AND failures > 0 AND failures < $2";

const CLAIM_CLOSING: &str =
    "UPDATE account_guesses SET is_told = $3 WHERE user_id = $1 AND failures >= $2 AND is_told <> $3";

impl Guesses<'_> {
    fn nth(&mut self, row: &QueryResult) -> Stored<u32> {
        let failures: i64 = self.0.column(row, "failures")?;
        Ok(u32::try_from(failures).unwrap_or(u32::MAX))
    }

    async fn give_back_pair(&mut self, user: UserId, address: &AddressKey) -> Stored<()> {
        let values = vec![user.0.into(), address.as_str().into(), GuessLimits::ALLOWANCE.into()];
        self.0.execute(GIVE_BACK_PAIR, values).await.map(|_| ())
    }
}

#[async_trait]
impl GuessGuard for Guesses<'_> {
    async fn reserve(&mut self, user: UserId, address: &AddressKey, at: Instant) -> Stored<Reservation> {
        let forgotten = at - GuessLimits::FORGOTTEN;
        let mut values: Vec<Value> = vec![user.0.into(), address.as_str().into(), at.into(), forgotten.into()];
        values.push(GuessLimits::ALLOWANCE.into());
        values.extend(GuessLimits::LOCKS.map(|lock| Value::from(at + lock)));
        let Some(pair) = self.0.find(RESERVE_PAIR, values).await? else { return Ok(Reservation::Locked) };
        let locked_until: Option<Instant> = self.0.column(&pair, "locked_until")?;
        let failures = self.nth(&pair)?;
        let values = vec![user.0.into(), GuessLimits::ACCOUNT.into(), false.into()];
        if self.0.find(RESERVE_ACCOUNT, values).await?.is_none() {
            // The account is closed: what the pair counted a moment ago must not stay.
            self.give_back_pair(user, address).await?;
            return Ok(Reservation::Locked);
        }
        let allowance = u32::try_from(GuessLimits::ALLOWANCE).unwrap_or(u32::MAX);
        let nth = if locked_until.is_some() { allowance } else { failures };
        Ok(Reservation::Allowed { nth, locked_until })
    }

    async fn reserve_unknown(&mut self, address: &AddressKey, at: Instant) -> Stored<Reservation> {
        let over = at - GuessLimits::UNKNOWN_WINDOW;
        let values = vec![address.as_str().into(), at.into(), over.into(), GuessLimits::UNKNOWN.into()];
        match self.0.find(RESERVE_UNKNOWN, values).await? {
            Some(row) => Ok(Reservation::Allowed { nth: self.nth(&row)?, locked_until: None }),
            None => Ok(Reservation::Locked),
        }
    }

    async fn give_back(&mut self, user: UserId, address: &AddressKey) -> Stored<()> {
        self.give_back_pair(user, address).await?;
        self.0.execute(GIVE_BACK_ACCOUNT, vec![user.0.into(), GuessLimits::ACCOUNT.into()]).await.map(|_| ())
    }

    async fn succeed(&mut self, user: UserId, address: &AddressKey) -> Stored<()> {
        let sql = "DELETE FROM pair_guesses WHERE user_id = $1 AND address = $2";
        self.0.execute(sql, vec![user.0.into(), address.as_str().into()]).await?;
        self.0.execute("DELETE FROM account_guesses WHERE user_id = $1", vec![user.0.into()]).await.map(|_| ())
    }

    async fn claim_closing(&mut self, user: UserId) -> Stored<bool> {
        let values = vec![user.0.into(), GuessLimits::ACCOUNT.into(), true.into()];
        Ok(self.0.execute(CLAIM_CLOSING, values).await? == 1)
    }

    async fn unlock(&mut self, user: UserId) -> Stored<()> {
        self.0.execute("DELETE FROM pair_guesses WHERE user_id = $1", vec![user.0.into()]).await?;
        self.0.execute("DELETE FROM account_guesses WHERE user_id = $1", vec![user.0.into()]).await.map(|_| ())
    }

    async fn purge(&mut self, at: Instant) -> Stored<u64> {
        let forgotten = at - GuessLimits::FORGOTTEN;
        let pairs = self.0.purge("pair_guesses", "user_id, address", "counted_at", forgotten).await?;
        Ok(pairs + self.0.purge("unknown_guesses", "address", "since", at - GuessLimits::UNKNOWN_WINDOW).await?)
    }
}
