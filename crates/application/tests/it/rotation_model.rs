//! Rotation against a model: whatever a client does in whatever order, the answers are those of the five rules.

use mif_application::auth::{AuthenticateError, LogOut, RefreshError};
use mif_domain::audit::AuditKind;
use mif_testkit::a_user;
use proptest::prelude::*;

use crate::world::World;

#[derive(Debug, Clone)]
enum Step {
    /// Any refresh token ever issued; the number is taken modulo how many there are.
    Refresh(usize),
    /// Likewise any access token.
    Use(usize),
    /// Seconds.
    Wait(i64),
    LogOut,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<usize>().prop_map(Step::Refresh),
        // Mostly one of the newest tokens: old ones end the session soon.
        6 => (0_usize..2).prop_map(|age| Step::Refresh(usize::MAX - age)),
        4 => any::<usize>().prop_map(Step::Use),
        3 => (0_usize..2).prop_map(|age| Step::Use(usize::MAX - age)),
        4 => (1_i64..=600).prop_map(Step::Wait),
        3 => prop_oneof![Just(1_i64), Just(9), Just(10), Just(299), Just(300)].prop_map(Step::Wait),
        1 => Just(Step::LogOut),
    ];
    prop::collection::vec(step, 1..40)
}

/// `usize::MAX` is the newest, `usize::MAX - 1` the one before it; others count from the oldest.
fn choose(number: usize, count: usize) -> usize {
    let age = usize::MAX - number;
    if age < 2 { count.saturating_sub(1 + age) } else { number % count }
}

/// What the rules say about one session. Tokens are known by their generation, from 1.
struct Model {
    now: i64,
    generation: usize,
    /// The newest generation that was used.
    used: usize,
    rotated_at: i64,
    ended: bool,
    alarms: usize,
}

#[derive(Debug, PartialEq)]
enum Answer {
    /// The refresh token of this generation.
    Token(usize),
    Refused,
}

impl Model {
    fn refresh(&mut self, presented: usize) -> Answer {
        let age = self.now - self.rotated_at;
        let successor_used = self.used >= self.generation;
        if self.ended {
            Answer::Refused
        } else if presented == self.generation {
            self.used = self.generation;
            self.generation += 1;
            self.rotated_at = self.now;
            Answer::Token(self.generation)
        } else if presented + 1 == self.generation && (age < 10 || (age < 300 && !successor_used)) {
            Answer::Token(self.generation)
        } else if presented + 1 == self.generation && !successor_used {
            Answer::Refused
        } else {
            self.ended = true;
            self.alarms += 1;
            Answer::Refused
        }
    }
}

/// What a client has in its hands.
struct Client {
    world: World,
    model: Model,
    /// By generation: the first stands at 0.
    refresh_tokens: Vec<String>,
    /// With their generation and the second in which they expire.
    access_tokens: Vec<(String, usize, i64)>,
}

impl Client {
    async fn signed_in() -> Self {
        let world = World::new();
        world.insert(a_user("karim").build()).await;
        let pair = world.log_in("karim").await;
        Self {
            world,
            model: Model { now: 0, generation: 1, used: 0, rotated_at: 0, ended: false, alarms: 0 },
            refresh_tokens: vec![pair.refresh_token.expose().to_owned()],
            access_tokens: vec![(pair.access_token, 1, 900)],
        }
    }

    async fn refresh(&mut self, number: usize) {
        let index = choose(number, self.refresh_tokens.len());
        let expected = self.model.refresh(index + 1);
        match self.world.refresh(&self.refresh_tokens[index]).await {
            Ok(pair) => {
                let generation = self.model.generation;
                assert_eq!(expected, Answer::Token(generation));
                let token = pair.refresh_token.expose().to_owned();
                if self.refresh_tokens.len() < generation {
                    assert!(!self.refresh_tokens.contains(&token), "a token came twice");
                    self.refresh_tokens.push(token);
                } else {
                    assert_eq!(self.refresh_tokens.last(), Some(&token), "the session forked");
                }
                self.access_tokens.push((pair.access_token, generation, self.model.now + 900));
            }
            Err(error) => {
                assert_eq!(error, RefreshError::Refused);
                assert_eq!(expected, Answer::Refused);
            }
        }
    }

    async fn use_access_token(&mut self, number: usize) {
        let (token, generation, expires_at) = &self.access_tokens[choose(number, self.access_tokens.len())];
        let answer = self.world.authenticate(token).await.map(|_| ());
        let expected = if self.model.now >= *expires_at {
            Err(AuthenticateError::Expired)
        } else if self.model.ended {
            Err(AuthenticateError::SessionEnded)
        } else {
            self.model.used = self.model.used.max(*generation);
            Ok(())
        };
        assert_eq!(answer, expected);
    }

    async fn log_out(&mut self) {
        let (token, ..) = self.access_tokens.last().unwrap();
        if let Ok(actor) = self.world.authenticate(token).await {
            self.model.used = self.model.generation;
            LogOut { everywhere: false }.run(&self.world.core, &actor).await.unwrap();
            self.model.ended = true;
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Refresh(number) => self.refresh(number).await,
            Step::Use(number) => self.use_access_token(number).await,
            Step::Wait(seconds) => {
                self.world.wait(seconds);
                self.model.now += seconds;
            }
            Step::LogOut => self.log_out().await,
        }
        assert_eq!(self.world.audited(AuditKind::TokenReuseDetected), self.model.alarms);
        assert_eq!(self.world.store.outbox().len(), self.model.alarms);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sequence_obeys_the_five_rules(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut client = Client::signed_in().await;
            for step in steps {
                client.take(step).await;
            }
        });
    }
}
