//! A refresh token that was used up comes back: somebody has a copy.

use crate::harness::{ADMIN, Client, Database, PASSWORD, Server, Session, Site, on_both_databases};

on_both_databases!(
    a_used_up_token_ends_the_session_and_is_audited,
    any_older_token_ends_the_session,
    an_unknown_token_changes_nothing,
);

/// Refreshes one after the other. Returns every token, the newest last, and the newest session.
pub(crate) async fn rotate(session: &Session, times: usize) -> (Vec<String>, Session) {
    let mut tokens = vec![session.refresh_token.clone()];
    let mut newest = session.clone();
    for _ in 0..times {
        let answer = newest.client.refresh(&newest.refresh_token).await.is(200);
        newest = newest.client.session(&answer);
        tokens.push(newest.refresh_token.clone());
    }
    (tokens, newest)
}

/// Presents a used-up token, after which nothing of the session works any more.
pub(crate) async fn a_replay_ends(newest: &Session, old: &str) {
    newest.client.me().await.is(200);
    newest.client.refresh(old).await.problem(401, "jeton_rafraichissement_invalide");
    newest.client.me().await.problem(401, "session_terminee");
    newest.client.refresh(&newest.refresh_token).await.problem(401, "jeton_rafraichissement_invalide");
}

async fn a_used_up_token_ends_the_session_and_is_audited(database: Database) {
    let site = Site::new(database).await;
    let server = site.start().await;
    let other = server.sign_in(ADMIN, PASSWORD).await;
    let session = server.sign_in(ADMIN, PASSWORD).await;
    let (tokens, newest) = rotate(&session, 2).await;

    a_replay_ends(&newest, &tokens[0]).await;

    let mut store = site.store().await;
    assert_eq!(store.events("auth.token.reuse_detected").await, 1);
    assert_eq!(store.number("SELECT count(*) FROM sessions WHERE revoke_reason = 'token_reused'").await, 1);
    other.client.me().await.is(200);
    other.client.refresh(&other.refresh_token).await.is(200);
}

async fn any_older_token_ends_the_session(database: Database) {
    const ROTATIONS: usize = 5;
    let site = Site::new(database).await;
    let server = site.start().await;
    // The last but one is the predecessor of the newest: asking with it again is a lost answer, not a theft.
    for older in 0..ROTATIONS - 1 {
        let session = server.sign_in(ADMIN, PASSWORD).await;
        let (tokens, newest) = rotate(&session, ROTATIONS).await;
        let again = newest.client.refresh(&tokens[ROTATIONS - 1]).await.is(200);
        assert_eq!(again.text("refresh_token"), newest.refresh_token);
        a_replay_ends(&newest, &tokens[older]).await;
    }
    assert_eq!(site.store().await.events("auth.token.reuse_detected").await, 4);
}

async fn an_unknown_token_changes_nothing(database: Database) {
    let site = Site::new(database).await;
    let server: Server = site.start().await;
    let session = server.sign_in(ADMIN, PASSWORD).await;
    let anonymous: Client = server.client();
    for unknown in ["q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA", "", "x", "\u{0}", session.client.token()] {
        anonymous.refresh(unknown).await.problem(401, "jeton_rafraichissement_invalide");
    }
    session.client.refresh(&session.refresh_token).await.is(200);
    assert_eq!(site.store().await.events("auth.token.reuse_detected").await, 0);
}
