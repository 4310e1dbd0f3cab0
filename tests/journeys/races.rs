//! Two things that are harmless one by one and not together, at the same instant: decided once, the same way everywhere.

use std::collections::HashSet;

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::harness::{Answer, Client, Database, Site, Slot, at_once, intervention, on_both_databases, rounds};

on_both_databases!(
    of_those_who_reach_for_it_one_gets_it,
    moves_that_would_close_a_cycle_together_do_not,
    a_technician_is_not_planned_twice_for_one_hour,
    creations_at_once_get_references_of_their_own,
    a_machine_rests_as_long_as_work_on_it_is_under_way,
);

/// How many were told yes. Everybody else was told no in one of these ways.
fn winners(answers: &[Answer], refusals: &[(u16, &str)]) -> Vec<usize> {
    let mut winners = Vec::new();
    for (number, answer) in answers.iter().enumerate() {
        let refused = (answer.status, answer.body["code"].as_str().unwrap_or_default());
        match answer.status {
            200 => winners.push(number),
            _ => assert!(refusals.contains(&refused), "{}: {refused:?}: {}", answer.question, answer.body),
        }
    }
    winners
}

async fn of_those_who_reach_for_it_one_gets_it(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let machine = admin.new_machine("PUMP").await;
    let mut crew = Vec::new();
    for number in 0..8 {
        crew.push(server.technician(&admin, &format!("technicien-{number}")).await);
    }
    for round in 0..rounds() {
        let id = admin.report("Bruit", machine).await;
        let reaching = &crew[..2 + round % 7];
        let answers = at_once(reaching.iter().map(|(client, _)| (client, client.taking(id))).collect()).await;
        let winners = winners(&answers, &[(409, "transition_interdite"), (404, "introuvable")]);
        assert_eq!(winners.len(), 1, "round {round}: of {} technicians {winners:?} got it", reaching.len());
        let (winner, technician) = &reaching[winners[0]];
        assert_eq!(admin.intervention(id).await.is(200).body["technicien_id"], *technician);
        winner.intervention(id).await.is(200);
        let history = admin.history(id).await.is(200);
        assert_eq!(history.rows().iter().map(|entry| &entry["statut"]).collect::<Vec<_>>(), ["ouverte", "affectee"]);
    }
}

fn moving(admin: &Client, machine: i64, parent: Option<i64>) -> RequestBuilder {
    admin.request(Method::PATCH, &format!("/api/v1/equipements/{machine}")).json(&json!({"parent_id": parent}))
}

async fn moves_that_would_close_a_cycle_together_do_not(database: Database) {
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;
    let mut machines = Vec::new();
    for code in ["A", "B", "C", "D", "E"] {
        machines.push(admin.new_machine(code).await);
    }
    for round in 0..rounds() {
        // Each under the next one, and the last one under the first: all but one of the moves make a chain.
        let ring = &machines[..2 + round % 4];
        let next = |place: usize| ring[(place + 1) % ring.len()];
        let moves = ring.iter().enumerate().map(|(place, id)| (&admin, moving(&admin, *id, Some(next(place)))));
        let winners = winners(&at_once(moves.collect()).await, &[(409, "cycle_equipement")]);
        assert_eq!(winners.len(), ring.len() - 1, "round {round}: {winners:?} moved in a ring of {}", ring.len());
        for (place, id) in ring.iter().enumerate() {
            let expected = winners.contains(&place).then(|| next(place));
            assert_eq!(admin.equipment(*id).await.is(200).body["parent_id"], json!(expected), "round {round}");
            admin.send(moving(&admin, *id, None)).await.is(200);
        }
    }
}

/// A technician, and two pieces of work for the same hours.
struct Day<'a> {
    admin: &'a Client,
    technician: &'a Client,
    technician_id: i64,
    machine: i64,
}

/// The two ask for overlapping hours.
const HOURS: [Slot; 2] = [Slot(8, 10), Slot(9, 11)];

impl Day<'_> {
    async fn planned(&self, hours: Slot) -> i64 {
        let id = self.admin.report("Prévu", self.machine).await;
        self.admin.plan(id, hours).await.is(200);
        id
    }

    async fn assigned(&self) -> i64 {
        let id = self.admin.report("Affecté", self.machine).await;
        self.admin.assign(id, self.technician_id).await.is(200);
        id
    }

    /// One of the two gets through, the other one is told what is in the way. Afterwards the day is free again.
    async fn goes_to_one(&self, two: [i64; 2], questions: Vec<(&Client, RequestBuilder)>) {
        let answers = at_once(questions).await;
        let winners = winners(&answers, &[(409, "creneau_occupe")]);
        assert_eq!(winners.len(), 1, "{:?}", answers.iter().map(|answer| &answer.question).collect::<Vec<_>>());
        let busy = &answers[1 - winners[0]].body["intervention"]["id"];
        assert_eq!(busy, two[winners[0]]);
        self.cancel(&two).await;
    }

    async fn cancel(&self, all: &[i64]) {
        for id in all {
            self.admin.step(*id, &json!({"statut": "annulee", "remarque": "Fin"})).await.is(200);
        }
    }

    /// Both are entered with their hours and their technician.
    async fn entered_at_once(&self) {
        let enter = |hours: Slot| {
            let mut body = intervention("Prévu", self.machine);
            body["technicien_id"] = json!(self.technician_id);
            body.as_object_mut().unwrap().extend(hours.fields().as_object().unwrap().clone());
            (self.admin, self.admin.request(Method::POST, "/api/v1/interventions").json(&body))
        };
        let answers = at_once(HOURS.map(enter).into()).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
        assert_eq!((made.len(), refused.len()), (1, 1));
        let refused = refused.into_iter().next().unwrap().problem(409, "creneau_occupe");
        assert_eq!(refused.body["intervention"]["id"], made[0].id());
        self.cancel(&[made[0].id()]).await;
    }
}

async fn a_technician_is_not_planned_twice_for_one_hour(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let machine = admin.new_machine("PUMP").await;
    let (technician, technician_id) = server.technician(&admin, "karim").await;
    let day = Day { admin: &admin, technician: &technician, technician_id, machine };
    for _ in 0..rounds() {
        let two = [day.planned(HOURS[0]).await, day.planned(HOURS[1]).await];
        day.goes_to_one(two, two.map(|id| (&admin, admin.assigning(id, technician_id))).into()).await;

        let two = [day.planned(HOURS[0]).await, day.planned(HOURS[1]).await];
        day.goes_to_one(two, two.map(|id| (day.technician, day.technician.taking(id))).into()).await;

        let two = [day.assigned().await, day.assigned().await];
        let plans = two.into_iter().zip(HOURS).map(|(id, hours)| (&admin, admin.planning(id, hours)));
        day.goes_to_one(two, plans.collect()).await;

        let two = [day.planned(HOURS[0]).await, day.assigned().await];
        let both = vec![(&admin, admin.assigning(two[0], technician_id)), (&admin, admin.planning(two[1], HOURS[1]))];
        day.goes_to_one(two, both).await;

        day.entered_at_once().await;
    }
    let sql = "SELECT count(*) FROM interventions WHERE status = 'assigned'";
    assert_eq!(site.store().await.number(sql).await, 0, "the day is free");
}

async fn creations_at_once_get_references_of_their_own(database: Database) {
    const CREATORS: usize = 32;
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;
    let machine = admin.new_machine("PUMP").await;
    let mut references = HashSet::new();
    let times = rounds().div_ceil(5);
    for _ in 0..times {
        let create = |_| {
            let body = intervention("Bruit", machine);
            (&admin, admin.request(Method::POST, "/api/v1/interventions").json(&body))
        };
        for answer in at_once((0..CREATORS).map(create).collect()).await {
            let reference = answer.is(201).text("reference");
            let parts: Vec<_> = reference.split('-').collect();
            assert!(matches!(parts[..], ["INT", year, number] if year.len() == 4 && number.len() == 6), "{reference}");
            assert!(references.insert(reference), "a reference was given twice");
        }
    }
    assert_eq!(references.len(), times * CREATORS);
    let rows = admin.all_interventions().await;
    let listed: HashSet<_> = rows.iter().map(|row| row["reference"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, references);
}

/// Two pieces of corrective work on one machine .
struct Bench<'a> {
    admin: &'a Client,
    technician_id: i64,
    machine: i64,
}

impl Bench<'_> {
    /// Work that is given to somebody, and has begun or not.
    async fn work(&self, begun: bool) -> i64 {
        let id = self.admin.report("Casse", self.machine).await;
        self.admin.assign(id, self.technician_id).await.is(200);
        if begun {
            self.admin.step(id, &json!({"statut": "en_cours"})).await.is(200);
        }
        id
    }

    fn leading(&self, id: i64, state: &str) -> (&Client, RequestBuilder) {
        (self.admin, self.admin.stepping(id, &json!({"statut": state})))
    }

    async fn is(&self, state: &str, when: &str) {
        assert_eq!(self.admin.equipment(self.machine).await.is(200).text("statut"), state, "{when}");
    }
}

async fn a_machine_rests_as_long_as_work_on_it_is_under_way(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let machine = admin.new_machine("PRESS").await;
    let (_, technician_id) = server.technician(&admin, "karim").await;
    let bench = Bench { admin: &admin, technician_id, machine };
    for _ in 0..rounds() {
        let [one, two] = [bench.work(true).await, bench.work(true).await];
        let both = vec![bench.leading(one, "cloturee"), bench.leading(two, "cloturee")];
        assert_eq!(winners(&at_once(both).await, &[]).len(), 2);
        bench.is("operationnel", "after the last two were closed at once").await;

        let [one, two] = [bench.work(true).await, bench.work(false).await];
        let both = vec![bench.leading(one, "cloturee"), bench.leading(two, "en_cours")];
        assert_eq!(winners(&at_once(both).await, &[]).len(), 2);
        bench.is("maintenance", "after one was closed while another one began").await;
        admin.step(two, &json!({"statut": "cloturee"})).await.is(200);
        bench.is("operationnel", "after everything was closed").await;
    }
    let rows = admin.all_interventions().await;
    assert!(rows.iter().all(|row| row["statut"] == "cloturee"));
}
