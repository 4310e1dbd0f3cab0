//! Refresh tokens rotating on parallel sessions. Each request needs the token of the answer before it, which no
//! general load generator does.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::http::Connection;
use super::server::Server;
use crate::Outcome;

pub(super) const SESSIONS: u32 = 16;

pub(super) fn rotations_per_second(server: &Server, run: Duration) -> Outcome<f64> {
    let tokens = (0..SESSIONS).map(|_| Ok(server.login()?.refresh_token)).collect::<Outcome<Vec<_>>>()?;
    let port = server.port();
    let began = Instant::now();
    let until = began + run;
    let threads: Vec<_> = tokens.into_iter().map(|token| thread::spawn(move || rotate(port, token, until))).collect();
    let mut rotations = 0;
    for thread in threads {
        rotations += thread.join().map_err(|_| "a loader thread died")??;
    }
    Ok(f64::from(rotations) / began.elapsed().as_secs_f64())
}

fn rotate(port: u16, mut token: String, until: Instant) -> Outcome<u32> {
    let mut connection = Connection::open(port)?;
    let mut rotations = 0;
    while Instant::now() < until {
        let request = json!({"refresh_token": token}).to_string();
        let answer = connection.post_json("/api/v1/auth/refresh", &request)?;
        if answer.status != 200 {
            return Err(format!("a refresh answered {} after {rotations} rotations", answer.status));
        }
        let next = text_field(&answer.body, "refresh_token")?;
        if next == token {
            return Err("a refresh answered the token that it was given".to_owned());
        }
        token = next;
        rotations += 1;
    }
    Ok(rotations)
}

pub(super) fn text_field(body: &[u8], name: &str) -> Outcome<String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("the answer is no JSON: {error}"))?;
    let text = body.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| format!("the answer has no text `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::text_field;

    #[test]
    fn the_next_token_is_read_from_the_answer() {
        let body = br#"{"access_token": "a", "refresh_token": "r2", "expires_in": 900}"#;
        assert_eq!(text_field(body, "refresh_token").unwrap(), "r2");
        assert!(text_field(body, "expires_in").is_err());
        assert!(text_field(b"<html>", "refresh_token").is_err());
    }
}
