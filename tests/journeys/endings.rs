//! A session is ended while its tabs refresh: after the answer nothing of it works, whichever came first.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::harness::{ADMIN, Client, Database, PASSWORD, Server, Session, Site, Stopwatch, on_both_databases, rounds};

on_both_databases!(
    nothing_of_a_session_outlives_its_logout_however_it_refreshes,
    nothing_of_other_sessions_outlives_a_new_password_however_they_refresh,
);

const TABS: usize = 4;
/// How long an access token may outlive its session.
const SHUT_AFTER: Duration = Duration::from_secs(1);

/// Tabs that wake up together again and again, and everything that they were given.
struct Tabs(JoinHandle<Vec<Session>>);

impl Tabs {
    /// They begin at once and stop when they are refused.
    fn open(session: &Session) -> Self {
        let first = session.clone();
        Self(tokio::spawn(async move {
            let mut given = vec![first];
            while let Some(newest) = refresh_together(&given[given.len() - 1]).await {
                given.push(newest);
            }
            given
        }))
    }

    /// Once they have been refused: no refresh token opens anything, not even one whose answer came late.
    async fn have_nothing(self) -> Vec<Session> {
        let given = self.0.await.unwrap();
        for session in &given {
            let refused = session.client.refresh(&session.refresh_token).await;
            refused.problem(401, "jeton_rafraichissement_invalide");
        }
        given
    }
}

/// All tabs refresh with one token. None when nobody got anything.
async fn refresh_together(session: &Session) -> Option<Session> {
    let answers = join_all((0..TABS).map(|_| session.client.refresh(&session.refresh_token))).await;
    let (given, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    for answer in refused {
        answer.problem(401, "jeton_rafraichissement_invalide");
    }
    given.first().map(|answer| session.client.session(answer))
}

/// Anywhere in the first milliseconds, so that the end falls before, amid and after a rotation.
async fn a_moment(round: usize) {
    tokio::time::sleep(Duration::from_micros(700 * (round % 16) as u64)).await;
}

/// Access tokens that were handed out, and when their session was ended.
#[derive(Default)]
struct Ended {
    waiting: VecDeque<(Stopwatch, Client)>,
    checked: usize,
}

impl Ended {
    /// Tokens of a session that has ended join, and those of sessions that ended a second ago are tried.
    async fn note(&mut self, since: Stopwatch, given: Vec<Session>) {
        self.waiting.extend(given.into_iter().map(|session| (since, session.client)));
        while self.waiting.front().is_some_and(|(since, _)| since.elapsed() > SHUT_AFTER) {
            self.try_next().await;
        }
    }

    async fn are_all_shut(mut self) {
        while !self.waiting.is_empty() {
            self.try_next().await;
        }
        assert!(self.checked > 2 * rounds(), "hardly anybody refreshed: {} tokens", self.checked);
    }

    async fn try_next(&mut self) {
        let Some((since, client)) = self.waiting.pop_front() else { return };
        tokio::time::sleep(SHUT_AFTER.saturating_sub(since.elapsed())).await;
        client.me().await.problem(401, "session_terminee");
        self.checked += 1;
    }
}

async fn nothing_of_a_session_outlives_its_logout_however_it_refreshes(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let mut ended = Ended::default();
    for round in 0..rounds() {
        let session = server.sign_in(ADMIN, PASSWORD).await;
        let tabs = Tabs::open(&session);
        a_moment(round).await;
        session.client.logout().await.is(200);
        let since = Stopwatch::start();
        ended.note(since, tabs.have_nothing().await).await;
    }
    ended.are_all_shut().await;
    nobody_was_taken_for_a_thief(&site).await;
}

async fn nothing_of_other_sessions_outlives_a_new_password_however_they_refresh(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    admin.hire("karim", "technicien").await;
    let mut karim = server.sign_in("karim", PASSWORD).await;
    let mut password = PASSWORD.to_owned();
    let mut ended = Ended::default();
    for round in 0..rounds() {
        let (other, new) = (server.sign_in("karim", &password).await, format!("Courroie-Verte-{round}?"));
        karim = karim.client.session(&karim.client.refresh(&karim.refresh_token).await.is(200));
        let tabs = Tabs::open(&other);
        a_moment(round).await;
        karim.client.change_password(&password, &new).await.is(200);
        let since = Stopwatch::start();
        ended.note(since, tabs.have_nothing().await).await;
        password = new;
    }
    ended.are_all_shut().await;
    stays_open(&server, &karim, &password).await;
    nobody_was_taken_for_a_thief(&site).await;
}

/// Whoever changed the password goes on.
async fn stays_open(server: &Server, session: &Session, password: &str) {
    let again = session.client.session(&session.client.refresh(&session.refresh_token).await.is(200));
    assert_eq!(again.client.me().await.is(200).body["username"], json!("karim"));
    server.sign_in("karim", password).await;
}

/// Tabs share one refresh token: that is not theft.
async fn nobody_was_taken_for_a_thief(site: &Site) {
    assert_eq!(site.store().await.events("auth.token.reuse_detected").await, 0);
}
