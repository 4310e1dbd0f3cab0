//! SIGTERM: the server says that it goes, finishes what it has begun, and goes.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{
    ADMIN, Client, Database, PASSWORD, Server, Site, Stopwatch, code_of, eventually, machine, on_both_databases,
};

on_both_databases!(
    a_request_that_has_begun_is_finished,
    balancers_are_told_before_the_door_shuts,
    idle_connections_do_not_hold_up_the_end,
);

/// Long enough for a loaded machine, and far from the 30 s after which requests are cut.
const SOON: Duration = Duration::from_secs(15);

/// A request of which only the head and a part of the body has been sent.
struct Half {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Half {
    async fn begin(server: &Server, client: &Client, body: &Value) -> Self {
        let body = body.to_string();
        let head = format!(
            "POST /api/v1/equipements HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            server.address(),
            client.token(),
            body.len(),
        );
        let (begun, rest) = body.as_bytes().split_at(10);
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(begun).await.unwrap();
        stream.flush().await.unwrap();
        Self { stream, rest: rest.to_vec() }
    }

    /// Sends the rest and returns the whole answer.
    async fn finish(mut self) -> String {
        self.stream.write_all(&self.rest).await.unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    }
}

async fn a_request_that_has_begun_is_finished(database: Database) {
    let site = Site::new(database).await;
    let (mut server, admin) = site.open().await;
    let half = Half::begin(&server, &admin, &machine("HALF")).await;
    // A wrong password is answered after 400 ms.
    let stranger = server.client();
    let slow = tokio::spawn(async move { stranger.login(ADMIN, "Courroie-Verte-42?").await });
    tokio::time::sleep(Duration::from_millis(150)).await;

    server.terminate();
    let refuses = async || TcpStream::connect(server.address()).await.is_err();
    eventually("nobody new is let in", SOON, refuses).await;
    slow.await.unwrap().problem(401, "identifiants_invalides");
    let answer = half.finish().await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert_eq!(server.ended(SOON).await.code(), Some(0));

    let (_server, admin) = site.open().await;
    let rows = admin.all_equipment().await;
    assert_eq!(rows.iter().map(code_of).collect::<Vec<_>>(), ["HALF"]);
    site.store().await.check_integrity().await;
}

async fn balancers_are_told_before_the_door_shuts(database: Database) {
    let site = Site::new(database).await;
    let mut server = site.start_with(&[("MIF_HTTP__DRAIN_SECONDS", "2")]).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    assert_eq!(admin.ready().await.is(200).text("status"), "ready");

    let watch = Stopwatch::start();
    server.terminate();
    eventually("/ready says so", Duration::from_secs(1), async || admin.ready().await.status == 503).await;
    assert_eq!(server.client().ready().await.is(503).text("status"), "draining");
    admin.create_equipment(&machine("LATE")).await.is(201);

    assert_eq!(server.ended(SOON).await.code(), Some(0));
    assert!(watch.elapsed() >= Duration::from_secs(2), "it waited {:?}", watch.elapsed());
}

async fn idle_connections_do_not_hold_up_the_end(database: Database) {
    let site = Site::new(database).await;
    let (mut server, admin) = site.open().await;
    admin.me().await.is(200);
    let _silent = TcpStream::connect(server.address()).await.unwrap();

    let watch = Stopwatch::start();
    server.terminate();
    assert_eq!(server.ended(SOON).await.code(), Some(0));
    println!("{database:?}: ended {:?} after SIGTERM", watch.elapsed());
}
