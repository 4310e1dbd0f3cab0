//! Interventions entered on parallel connections.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::http::Connection;
use super::server::Server;
use crate::Outcome;

pub(super) const CONNECTIONS: u32 = 16;

pub(super) fn creations_per_second(server: &Server, token: &str, machines: u32, run: Duration) -> Outcome<f64> {
    let port = server.port();
    let began = Instant::now();
    let until = began + run;
    let threads: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let token = token.to_owned();
            thread::spawn(move || create(port, &token, number, machines, until))
        })
        .collect();
    let mut created = 0;
    for thread in threads {
        created += thread.join().map_err(|_| "a loader thread died")??;
    }
    Ok(f64::from(created) / began.elapsed().as_secs_f64())
}

fn create(port: u16, token: &str, number: u32, machines: u32, until: Instant) -> Outcome<u32> {
    let mut connection = Connection::open(port)?;
    let mut created = 0;
    while Instant::now() < until {
        let machine = 1 + (number * 613 + created * 97) % machines;
        let body = json!({"titre": "Fuite", "type": "corrective", "equipement_id": machine}).to_string();
        let answer = connection.post_json_as("/api/v1/interventions", token, &body)?;
        if answer.status != 201 {
            return Err(format!("a creation answered {} after {created}", answer.status));
        }
        created += 1;
    }
    Ok(created)
}
