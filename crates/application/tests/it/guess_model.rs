//! Guessing against a model: whatever is tried from wherever in whatever order, what is looked at is what the limits allow.

use std::collections::HashMap;

use mif_application::access::RequestInfo;
use mif_application::auth::LogIn;
use mif_application::bootstrap::UnlockAccount;
use mif_testkit::{PASSWORD, a_user};
use proptest::prelude::*;

use crate::world::{World, attempt};

#[derive(Debug, Clone)]
enum Step {
    /// From one of a few addresses.
    Wrong(u8),
    Right(u8),
    /// Seconds.
    Wait(i64),
    Unlock,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (0_u8..4).prop_map(Step::Wrong),
        1 => (0_u8..4).prop_map(Step::Right),
        4 => prop_oneof![Just(299_i64), Just(300), Just(600), Just(1200), Just(2400)].prop_map(Step::Wait),
        1 => prop_oneof![Just(86_399_i64), Just(86_400)].prop_map(Step::Wait),
        1 => Just(Step::Unlock),
    ];
    prop::collection::vec(step, 1..300)
}

/// When the failures of a pair were, since it last began anew.
#[derive(Default)]
struct Model {
    now: i64,
    pairs: HashMap<u8, Vec<i64>>,
    in_a_row: usize,
}

impl Model {
    /// Whether an attempt is looked at; the failures are the whole memory, and the ladder is derived from them.
    fn allows(&mut self, from: u8) -> bool {
        if self.in_a_row >= 100 {
            return false;
        }
        let failures = self.pairs.entry(from).or_default();
        let Some(last) = failures.last() else { return true };
        if !failures.len().is_multiple_of(5) {
            return true;
        }
        let minutes = match failures.len() / 5 {
            1 => 5,
            2 => 10,
            3 => 20,
            _ => 40,
        };
        self.now >= last + 60 * minutes
    }

    fn fail(&mut self, from: u8) {
        let now = self.now;
        let failures = self.pairs.entry(from).or_default();
        if failures.last().is_some_and(|last| now >= last + 86_400) {
            failures.clear();
        }
        failures.push(now);
        self.in_a_row += 1;
    }

    fn unlock(&mut self) {
        self.pairs.clear();
        self.in_a_row = 0;
    }
}

async fn holds(steps: Vec<Step>) {
    let world = World::new();
    world.insert(a_user("karim").build()).await;
    let mut model = Model::default();
    for (number, step) in steps.into_iter().enumerate() {
        let (from, typed) = match step {
            Step::Wrong(from) => (from, "mauvais"),
            Step::Right(from) => (from, PASSWORD),
            Step::Wait(seconds) => {
                world.wait(seconds);
                model.now += seconds;
                continue;
            }
            Step::Unlock => {
                UnlockAccount { name: "karim".to_owned() }.run(&world.core).await.unwrap();
                model.unlock();
                continue;
            }
        };
        let request = RequestInfo { ip: Some(format!("198.51.100.{from}")), request_id: None };
        let before = world.hasher.verified();
        let answer = LogIn { request, ..attempt("karim", typed) }.run(&world.core).await;
        let allowed = model.allows(from);
        assert_eq!(world.hasher.verified() - before, usize::from(allowed), "step {number}");
        assert_eq!(answer.is_ok(), allowed && typed == PASSWORD, "step {number}");
        match (allowed, answer.is_ok()) {
            (true, true) => {
                model.pairs.remove(&from);
                model.in_a_row = 0;
            }
            (true, false) => model.fail(from),
            (false, _) => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_looked_at_is_what_the_limits_allow(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(holds(steps));
    }
}
