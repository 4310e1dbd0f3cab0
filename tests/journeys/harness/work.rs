//! Maintenance work: customers, technicians, interventions and what people are told.

use std::sync::Arc;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::{Answer, Client, PASSWORD, Server, machine};

/// A part of one and the same day, from one hour to another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot(pub(crate) u32, pub(crate) u32);

impl Slot {
    /// As the fields of a body.
    pub(crate) fn fields(self) -> Value {
        let Self(start, end) = self;
        let at = |hour| format!("2032-01-06T{hour:02}:00:00Z");
        json!({"debut_prevu": at(start), "fin_prevue": at(end)})
    }
}

/// A new corrective intervention on a machine.
pub(crate) fn intervention(title: &str, machine: i64) -> Value {
    json!({"titre": title, "type": "corrective", "equipement_id": machine})
}

/// Asks everything at the same instant. The answers come in the order of the questions.
pub(crate) async fn at_once(questions: Vec<(&Client, RequestBuilder)>) -> Vec<Answer> {
    let barrier = Arc::new(Barrier::new(questions.len()));
    let ask = |(client, request): (&Client, RequestBuilder)| {
        let (client, barrier) = (client.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            client.send(request).await
        })
    };
    let asked: Vec<_> = questions.into_iter().map(ask).collect();
    let mut answers = Vec::new();
    for answer in asked {
        answers.push(answer.await.unwrap());
    }
    answers
}

impl Server {
    /// A technician, signed in, and the identifier that work is given to.
    pub(crate) async fn technician(&self, admin: &Client, username: &str) -> (Client, i64) {
        let user = admin.hire(username, "technicien").await;
        let technicians = admin.technicians().await.is(200);
        let technician = technicians.rows().iter().find(|row| row["user"]["id"] == user);
        let id = technician.and_then(|row| row["id"].as_i64()).expect("a technician is made with the account");
        (self.sign_in(username, PASSWORD).await.client, id)
    }
}

/// `/clients`, `/techniciens` and `/notifications`.
impl Client {
    pub(crate) async fn create_customer(&self, name: &str) -> i64 {
        self.post("/api/v1/clients/", &json!({"nom": name})).await.is(201).id()
    }

    pub(crate) async fn technicians(&self) -> Answer {
        self.get("/api/v1/techniciens/?limit=200").await
    }

    /// The newest first.
    pub(crate) async fn notifications(&self) -> Answer {
        self.get("/api/v1/notifications/").await
    }

    pub(crate) async fn read_notification(&self, id: i64) -> Answer {
        self.send(self.request(Method::PUT, &format!("/api/v1/notifications/{id}/read"))).await
    }
}

/// `/interventions`.
impl Client {
    pub(crate) async fn create_intervention(&self, body: &Value) -> Answer {
        self.post("/api/v1/interventions/", body).await
    }

    /// Reports something on a machine.
    pub(crate) async fn report(&self, title: &str, machine: i64) -> i64 {
        self.create_intervention(&intervention(title, machine)).await.is(201).id()
    }

    /// Enters a machine, on which nothing has happened.
    pub(crate) async fn new_machine(&self, code: &str) -> i64 {
        self.create_equipment(&machine(code)).await.is(201).id()
    }

    pub(crate) async fn intervention(&self, id: i64) -> Answer {
        self.get(&format!("/api/v1/interventions/{id}")).await
    }

    /// Every intervention.
    pub(crate) async fn all_interventions(&self) -> Vec<Value> {
        self.all("/api/v1/interventions").await
    }

    /// What happened, in order.
    pub(crate) async fn history(&self, id: i64) -> Answer {
        self.get(&format!("/api/v1/interventions/{id}/historique")).await
    }

    /// To change something about it, to be sent when the time has come.
    pub(crate) fn changing(&self, id: i64, body: &Value) -> RequestBuilder {
        self.request(Method::PATCH, &format!("/api/v1/interventions/{id}")).json(body)
    }

    pub(crate) async fn change_intervention(&self, id: i64, body: &Value) -> Answer {
        self.send(self.changing(id, body)).await
    }

    /// To lead it to a state.
    pub(crate) fn stepping(&self, id: i64, body: &Value) -> RequestBuilder {
        self.request(Method::PATCH, &format!("/api/v1/interventions/{id}/statut")).json(body)
    }

    pub(crate) async fn step(&self, id: i64, body: &Value) -> Answer {
        self.send(self.stepping(id, body)).await
    }

    /// To give it to a technician.
    pub(crate) fn assigning(&self, id: i64, technician: i64) -> RequestBuilder {
        let body = json!({"technicien_id": technician});
        self.request(Method::POST, &format!("/api/v1/interventions/{id}/affecter")).json(&body)
    }

    pub(crate) async fn assign(&self, id: i64, technician: i64) -> Answer {
        self.send(self.assigning(id, technician)).await
    }

    /// To take it oneself.
    pub(crate) fn taking(&self, id: i64) -> RequestBuilder {
        self.request(Method::POST, &format!("/api/v1/interventions/{id}/prendre"))
    }

    /// To plan it.
    pub(crate) fn planning(&self, id: i64, slot: Slot) -> RequestBuilder {
        self.request(Method::PATCH, &format!("/api/v1/interventions/{id}/creneau")).json(&slot.fields())
    }

    pub(crate) async fn plan(&self, id: i64, slot: Slot) -> Answer {
        self.send(self.planning(id, slot)).await
    }
}
