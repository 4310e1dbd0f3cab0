//! The network between the server and what it depends on breaks in every way, and comes back: meanwhile everybody is
//! answered in time, nothing that was acknowledged is lost or done twice, and nobody has to restart anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{
    ADMIN, Answer, Client, Database, Network, PASSWORD, Proxy, Server, Site, Stopwatch, clamd_tcp, eventually,
};

const WRITERS: usize = 8;
/// How long the network is broken.
const FAULT: Duration = Duration::from_secs(8);
/// By when `/ready` tells, of the fault and of its end; and by when nobody notices anything any more.
const NOTICED: Duration = Duration::from_secs(5);
/// The deadline of a request, and a little for the question itself.
const ANSWERED: Duration = Duration::from_secs(31);
const REQUESTS: usize = 200;

/// What writers do until they are told to stop.
struct Writers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Vec<String>>,
}

impl Writers {
    fn start(admin: &Client) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            tasks.spawn(write(admin.clone(), writer, Arc::clone(&stop)));
        }
        Self { stop, tasks }
    }

    /// What was acknowledged, each of it with its own key.
    async fn finish(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.tasks.join_all().await.concat()
    }
}

/// Enters machines one after the other, each as often as it takes to hear that it was.
async fn write(admin: Client, writer: usize, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let name = format!("Presse {writer}-{number}");
        let body = json!({"nom": name, "type": "presse", "localisation": "Atelier B"});
        loop {
            let request = admin.request(Method::POST, "/api/v1/equipements").json(&body);
            let request = request.header("idempotency-key", &name);
            let answer = in_time(&admin, request).await;
            match answer.status {
                201 => break acknowledged.push(name),
                // Its first attempt may still hold the key.
                409 => assert_eq!(answer.body["code"], "requete_en_cours", "{}", answer.body),
                503 => {}
                _ => drop(answer.is(201)),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // The machine has two cores, and more than this journey to do.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    acknowledged
}

/// Sends a request. It is answered within its deadline, and a refusal says when to come again.
async fn in_time(client: &Client, request: reqwest::RequestBuilder) -> Answer {
    let watch = Stopwatch::start();
    let answer = client.try_send(request).await.expect("an answer comes");
    assert!(watch.elapsed() < ANSWERED, "{} took {:?}", answer.question, watch.elapsed());
    if answer.status == 503 {
        assert_eq!(answer.header("retry-after"), "5", "{}: {}", answer.question, answer.body);
    }
    answer
}

async fn is_ready(server: &Server) -> bool {
    server.client().ready().await.status == 200
}

/// A server on PostgreSQL with a network between them.
async fn plant() -> (Site, Proxy, Server, Client) {
    let site = Site::new(Database::Postgres).await;
    let (before, after) = site.postgres().split_once('@').map(|(who, rest)| (who.to_owned(), rest.to_owned())).unwrap();
    let (peer, name) = after.split_once('/').unwrap();
    let proxy = Proxy::before(peer.to_owned()).await;
    let url = format!("{before}@{}/{name}", proxy.address());
    let server = site.start_with(&[("DATABASE_URL", &url)]).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    (site, proxy, server, admin)
}

/// Breaks the network, and sees what becomes of everybody.
async fn survives(network: Network, is_dead: bool) {
    let (_site, proxy, mut server, admin) = plant().await;
    let writers = Writers::start(&admin);
    tokio::time::sleep(Duration::from_secs(1)).await;

    proxy.be(network);
    let broken = Stopwatch::start();
    if is_dead {
        let took = eventually("/ready tells of the fault", NOTICED, async || !is_ready(&server).await).await;
        println!("{network:?}: /ready told of it after {took:?}");
    }
    while broken.elapsed() < FAULT {
        admin.send(admin.request(Method::GET, "/live")).await.is(200);
        let listed = in_time(&admin, admin.request(Method::GET, "/api/v1/equipements?limit=1")).await;
        assert!(matches!(listed.status, 200 | 503), "{}: {}", listed.status, listed.body);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    proxy.be(Network::Fine);
    let healed = Stopwatch::start();
    let took = eventually("/ready tells of the end", NOTICED, async || is_ready(&server).await).await;
    println!("{network:?}: /ready told of the end after {took:?}");
    tokio::time::sleep(NOTICED.saturating_sub(healed.elapsed())).await;
    let mut requests = JoinSet::new();
    for _ in 0..WRITERS {
        let admin = admin.clone();
        requests.spawn(async move {
            for _ in 0..REQUESTS / WRITERS {
                in_time(&admin, admin.request(Method::GET, "/api/v1/equipements?limit=5")).await.is(200);
            }
        });
    }
    requests.join_all().await;

    let acknowledged = writers.finish().await;
    let mut rows: HashMap<String, usize> = HashMap::new();
    for row in admin.all_equipment().await {
        *rows.entry(row["nom"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    println!("{network:?}: {} writes acknowledged, {} rows", acknowledged.len(), rows.len());
    assert!(acknowledged.len() > WRITERS, "hardly anything was written: {acknowledged:?}");
    for name in &acknowledged {
        assert_eq!(rows.get(name), Some(&1), "{name}");
    }
    assert_eq!(rows.len(), acknowledged.len(), "something is there that nobody was told of");
    assert!(!server.output().contains("panicked"), "{}", server.output());
    server.terminate();
    assert!(server.ended(Duration::from_secs(20)).await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_way_to_the_database_only_takes_longer() {
    survives(Network::Slow(Duration::from_millis(50)), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_the_database_may_be_reset() {
    survives(Network::Resetting, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answers_of_the_database_may_get_lost() {
    survives(Network::Deaf, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_may_fall_silent() {
    survives(Network::BlackHole, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_may_be_gone() {
    survives(Network::Refusing, true).await;
}

/// The same between the server and the virus scanner. `within` is by when an upload is refused.
async fn scans_again(network: Network, within: Duration) {
    let site = Site::new(Database::Sqlite).await;
    let proxy = Proxy::before(clamd_tcp()).await;
    let server = site.start_with(&[("MIF_ANTIVIRUS__CLAMD", &format!("tcp://{}", proxy.address()))]).await;
    let admin = server.sign_in(ADMIN, PASSWORD).await.client;
    let machine = admin.new_machine("ONLY").await;
    admin.upload(machine, "avant.pdf", b"%PDF-1.7 avant".to_vec()).await.is(201);

    proxy.be(network);
    let mut uploads = JoinSet::new();
    for number in 0..4 {
        let admin = admin.clone();
        uploads.spawn(async move {
            let watch = Stopwatch::start();
            let answer = admin.upload(machine, &format!("{number}.pdf"), b"%PDF-1.7 pendant".to_vec()).await;
            (answer, watch.elapsed())
        });
    }
    // Everything else goes on meanwhile.
    for number in 0..20 {
        admin.new_machine(&format!("P-{number}")).await;
        admin.ready().await.is(200);
    }
    for (answer, took) in uploads.join_all().await {
        let answer = answer.problem(503, "antivirus_indisponible");
        assert_eq!(answer.header("retry-after"), "5");
        assert!(took < within, "{took:?}");
    }
    assert_eq!(admin.all_documents().await.len(), 1, "nothing is kept that was not scanned");

    proxy.be(Network::Fine);
    // After three failures nobody asks for ten seconds, unless the scanner says before that it is well.
    let again = async || admin.upload(machine, "apres.pdf", b"%PDF-1.7 apres".to_vec()).await.status == 201;
    let took = eventually("documents are scanned again", NOTICED, again).await;
    println!("{network:?}: scanned again after {took:?}");
    for number in 0..20 {
        admin.upload(machine, &format!("apres-{number}.pdf"), b"%PDF-1.7 apres".to_vec()).await.is(201);
    }
    assert!(!server.output().contains("panicked"), "{}", server.output());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_the_scanner_may_be_reset() {
    scans_again(Network::Resetting, Duration::from_secs(6)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scanner_may_be_gone() {
    scans_again(Network::Refusing, Duration::from_secs(6)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scanner_may_fall_silent_and_its_verdicts_may_get_lost() {
    // It may take two minutes for its verdict: both at once, so that nobody waits twice.
    let within = Duration::from_secs(125);
    tokio::join!(scans_again(Network::BlackHole, within), scans_again(Network::Deaf, within));
}
