//! `kill -9` while people report and work: afterwards every piece of work is where its history says it is, and machines and
//! technicians agree with it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{Client, Database, Server, Site, eventually, intervention, on_both_databases};

on_both_databases!(acknowledged_steps_survive_a_kill_and_everything_agrees);

const WORKERS: usize = 8;
const CRASHES: usize = 3;
/// Acknowledged steps before each kill.
const STEPS: usize = 200;
/// The way of every second intervention; the other ones stop where their worker leaves them.
const WAY: [&str; 4] = ["en_cours", "en_attente", "en_cours", "cloturee"];

/// What must be nothing, whatever was interrupted.
const CONTRADICTIONS: [(&str, &str); 7] = [
    (
        "work whose history does not end in its state",
        "SELECT count(*) FROM interventions i WHERE i.status <> (SELECT h.status FROM intervention_history h \
         WHERE h.intervention_id = i.id ORDER BY h.id DESC LIMIT 1)",
    ),
    (
        "work whose history does not begin with its report",
        "SELECT count(*) FROM interventions i WHERE 1 <> (SELECT count(*) FROM intervention_history h \
         WHERE h.intervention_id = i.id AND h.from_status IS NULL AND h.status = 'open')",
    ),
    ("references that were given twice", "SELECT count(*) - count(DISTINCT reference) FROM interventions"),
    (
        "machines that do not follow the work on them",
        "SELECT count(*) FROM equipment e WHERE (e.status = 'maintenance') <> EXISTS (SELECT 1 FROM interventions i \
         WHERE i.equipment_id = e.id AND i.kind = 'corrective' AND i.status IN ('in_progress', 'on_hold'))",
    ),
    (
        "work under way that nobody has",
        "SELECT count(*) FROM interventions WHERE (technician_id IS NULL) <> (status = 'open')",
    ),
    (
        "steps without an event, and events without a step",
        "SELECT abs((SELECT count(*) FROM intervention_history) - (SELECT count(*) FROM audit_events \
         WHERE kind IN ('intervention.created', 'intervention.transition')))",
    ),
    (
        "work given to somebody who was not told, and the other way round",
        "SELECT abs((SELECT count(*) FROM intervention_history WHERE status = 'assigned') \
         - (SELECT count(*) FROM notifications WHERE kind = 'assignment'))",
    ),
];

/// A place to work, the same for everybody.
#[derive(Clone)]
struct Shift {
    admin: Client,
    technician: i64,
    machines: Arc<Vec<i64>>,
    acknowledged: Arc<AtomicUsize>,
}

async fn acknowledged_steps_survive_a_kill_and_everything_agrees(database: Database) {
    let site = Site::new(database).await;
    let (mut server, mut admin) = site.open().await;
    let (_, technician) = server.technician(&admin, "karim").await;
    let mut machines = Vec::new();
    // Fewer than workers: they are in each other's way.
    for code in ["A", "B", "C"] {
        machines.push(admin.new_machine(code).await);
    }
    let machines = Arc::new(machines);
    let mut acknowledged = HashMap::new();
    for crash in 1..=CRASHES {
        let (admin_now, count) = (admin.clone(), Arc::new(AtomicUsize::new(0)));
        let shift = Shift { admin: admin_now, technician, machines: Arc::clone(&machines), acknowledged: count };
        let done = work_until_killed(server, &shift).await;
        println!("{database:?}: crash {crash} amid {} interventions", done.len());
        acknowledged.extend(done);

        (server, admin) = site.open().await;
        everything_acknowledged_is_there(&admin, &acknowledged).await;
        let mut store = site.store().await;
        store.check_integrity().await;
        for (what, sql) in CONTRADICTIONS {
            assert_eq!(store.number(sql).await, 0, "after crash {crash}: {what}");
        }
    }
    admin.report("Après", machines[0]).await;
}

/// Work as it was acknowledged last, by its identifier.
type Acknowledged = HashMap<i64, Value>;

async fn work_until_killed(server: Server, shift: &Shift) -> Acknowledged {
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        workers.spawn(work(shift.clone(), worker));
    }
    let enough = async || shift.acknowledged.load(Ordering::Relaxed) >= STEPS;
    eventually("enough steps are acknowledged", Duration::from_mins(1), enough).await;
    server.kill();
    workers.join_all().await.into_iter().flatten().collect()
}

/// Reports, gives and steps as fast as it is answered, until no answer comes.
async fn work(shift: Shift, worker: usize) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    for number in worker.. {
        let machine = shift.machines[number % shift.machines.len()];
        let steps = if number % 2 == 0 { WAY.len() } else { number % WAY.len() };
        if one_piece_of_work(&shift, machine, &WAY[..steps], &mut acknowledged).await.is_none() {
            break;
        }
    }
    acknowledged
}

/// Nothing when no answer came.
async fn one_piece_of_work(shift: &Shift, machine: i64, way: &[&str], acknowledged: &mut Acknowledged) -> Option<()> {
    let Shift { admin, technician, .. } = shift;
    let mut acknowledge = |body: Value| {
        shift.acknowledged.fetch_add(1, Ordering::Relaxed);
        acknowledged.insert(body["id"].as_i64().unwrap(), body);
    };
    let report = admin.request(reqwest::Method::POST, "/api/v1/interventions").json(&intervention("Casse", machine));
    let made = admin.try_send(report).await.ok()?.is(201);
    let id = made.id();
    acknowledge(made.body);
    acknowledge(admin.try_send(admin.assigning(id, *technician)).await.ok()?.is(200).body);
    for state in way {
        let step = json!({"statut": state, "remarque": "Suite"});
        acknowledge(admin.try_send(admin.stepping(id, &step)).await.ok()?.is(200).body);
    }
    Some(())
}

/// Each is as it was acknowledged, or one step further: then the kill came between the commit and the answer.
async fn everything_acknowledged_is_there(admin: &Client, acknowledged: &Acknowledged) {
    let rows = admin.all_interventions().await;
    let there: HashMap<_, _> = rows.iter().map(|row| (row["id"].as_i64().unwrap(), row)).collect();
    for (id, known) in acknowledged {
        let found = there.get(id).unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
        assert_eq!(found["reference"], known["reference"]);
        match found["version"].as_i64().unwrap() - known["version"].as_i64().unwrap() {
            0 => assert_eq!(found["statut"], known["statut"], "{id}"),
            1 => assert_ne!(found["statut"], known["statut"], "{id}"),
            further => panic!("{id} is {further} versions further than it should be"),
        }
    }
}
