//! Sixty-four tabs wake up at once and refresh with the same token.

use futures_util::future::join_all;

use crate::harness::{ADMIN, Database, PASSWORD, Session, Site, on_both_databases, rounds};
use crate::token_reuse::a_replay_ends;

on_both_databases!(parallel_refreshes_of_one_token_rotate_it_once);

const TABS: usize = 64;

async fn parallel_refreshes_of_one_token_rotate_it_once(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let mut store = site.store().await;
    let rounds = rounds();
    let mut newest = server.sign_in(ADMIN, PASSWORD).await;
    let mut tokens = vec![newest.refresh_token.clone()];

    for round in 1..=rounds {
        newest = refresh_everywhere(&newest).await;
        assert!(!tokens.contains(&newest.refresh_token), "round {round} returned an old token");
        tokens.push(newest.refresh_token.clone());
        let generation = store.number("SELECT generation FROM sessions").await;
        assert_eq!(generation, i64::try_from(round + 1).unwrap(), "one rotation a round");
    }
    let rounds = i64::try_from(rounds).unwrap();
    assert_eq!(store.events("auth.token.refreshed").await, rounds, "one rotation a round");
    assert_eq!(store.number("SELECT count(*) FROM refresh_tokens_spent").await, rounds);
    assert_eq!(store.events("auth.token.reuse_detected").await, 0, "nobody was taken for a thief");

    a_replay_ends(&newest, &tokens[tokens.len() / 2]).await;
}

/// All tabs ask at once, each over a connection of its own, and get the same token.
async fn refresh_everywhere(session: &Session) -> Session {
    let tabs = (0..TABS).map(|_| {
        let session = session.clone();
        tokio::spawn(async move { session.client.refresh(&session.refresh_token).await })
    });
    let answers: Vec<_> = join_all(tabs).await.into_iter().map(|answer| answer.unwrap().is(200)).collect();
    let renewed = session.client.session(&answers[0]);
    for answer in answers {
        assert_eq!(answer.text("refresh_token"), renewed.refresh_token);
        assert_eq!(answer.body["expires_in"], 900);
    }
    renewed
}
