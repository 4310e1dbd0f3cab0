//! An intervention from the report to the archive, as the four people see it who carry it there.

use serde_json::{Value, json};

use crate::harness::{Client, Database, PASSWORD, Server, Site, intervention, machine, on_both_databases};

on_both_databases!(four_people_carry_it_from_the_report_to_the_archive);

/// The four, a technician who has nothing to do with it, and the intervention with its machine.
struct Cast {
    admin: Client,
    manager: Client,
    technician: Client,
    technician_id: i64,
    customer: Client,
    stranger: Client,
    machine: i64,
    id: i64,
}

/// What may be done now, and what has been written down last: by whom, leading where, and why.
struct Moment {
    manager: &'static [&'static str],
    technician: &'static [&'static str],
    last: (&'static str, Option<&'static str>, &'static str, Option<&'static str>),
}

impl Cast {
    /// The customer reports a leak on their own machine.
    async fn assemble(server: &Server, admin: Client) -> Self {
        let customer = admin.create_customer("Conserverie Atlas").await;
        let mut press = machine("ATLAS-1");
        press["client_id"] = json!(customer);
        let machine = admin.create_equipment(&press).await.is(201).id();
        admin.hire("youssef", "responsable").await;
        admin.hire_for("leila", "client", Some(customer)).await;
        let (technician, technician_id) = server.technician(&admin, "karim").await;
        let (stranger, _) = server.technician(&admin, "hind").await;
        let manager = server.sign_in("youssef", PASSWORD).await.client;
        let customer = server.sign_in("leila", PASSWORD).await.client;
        let reported = customer.create_intervention(&intervention("Fuite d'huile", machine)).await.is(201);
        let id = reported.id();
        assert_eq!(reported.header("location"), format!("/api/v1/interventions/{id}"));
        assert!(reported.text("reference").starts_with("INT-"));
        Self { admin, manager, technician, technician_id, customer, stranger, machine, id }
    }

    /// It is in this state for everybody, everybody is offered what they may do, and the history has grown by one.
    async fn is(&self, state: &str, entries: usize, moment: Moment) {
        let may = [(&self.manager, moment.manager), (&self.technician, moment.technician), (&self.customer, &[])];
        for (person, actions) in may {
            let seen = person.intervention(self.id).await.is(200);
            assert_eq!(seen.text("statut"), state);
            assert_eq!(seen.body["actions"], json!(actions), "{state}");
            assert!(seen.header("etag").starts_with(&format!("\"{}-", seen.body["version"])), "{state}");
        }
        let ours = self.manager.history(self.id).await.is(200);
        assert_eq!(ours.rows().len(), entries, "{state}: {}", ours.body);
        let (author, from, to, remark) = moment.last;
        let last = ours.rows().last().unwrap();
        let written = ["auteur", "de", "statut", "remarque"].map(|field| last[field].clone());
        assert_eq!(written, [json!(author), json!(from), json!(to), json!(remark)]);

        // Remarks of ours are no business of theirs; that there was a step is.
        let theirs = self.customer.history(self.id).await.is(200);
        assert_eq!(states(theirs.rows()), states(ours.rows()));
        assert!(theirs.rows().iter().all(|entry| entry["remarque"].is_null()), "{state}");
    }

    async fn machine_is(&self, state: &str) {
        assert_eq!(self.admin.equipment(self.machine).await.is(200).text("statut"), state);
    }
}

fn states(history: &[Value]) -> Vec<&Value> {
    history.iter().map(|entry| &entry["statut"]).collect()
}

/// What somebody has been told about the intervention, and that it is news to them.
async fn told(person: &Client, intervention: i64) -> Vec<String> {
    let notifications = person.notifications().await.is(200);
    let news = notifications.rows().iter();
    let news = news.filter(|row| row["lue"] == false && row["intervention_id"] == intervention);
    news.map(|row| row["type"].as_str().unwrap().to_owned()).collect()
}

async fn four_people_carry_it_from_the_report_to_the_archive(database: Database) {
    let site = Site::new(database).await;
    let (server, admin) = site.open().await;
    let cast = Cast::assemble(&server, admin).await;
    let Cast { manager, technician, customer, stranger, id, .. } = &cast;
    let id = *id;
    let last = ("leila", None, "ouverte", None);
    cast.is("ouverte", 1, Moment { manager: &["affecter", "annuler"], technician: &["prendre"], last }).await;
    customer.step(id, &json!({"statut": "annulee", "remarque": "Erreur"})).await.problem(403, "permission_refusee");

    manager.assign(id, cast.technician_id).await.is(200);
    let last = ("youssef", Some("ouverte"), "affectee", None);
    let may: &[_] = &["affecter", "demarrer", "annuler"];
    cast.is("affectee", 2, Moment { manager: may, technician: &["demarrer"], last }).await;
    assert_eq!(told(technician, id).await, ["affectation"]);
    stranger.intervention(id).await.problem(404, "introuvable");
    stranger.step(id, &json!({"statut": "en_cours"})).await.problem(404, "introuvable");

    technician.step(id, &json!({"statut": "en_cours"})).await.is(200);
    let last = ("karim", Some("affectee"), "en_cours", None);
    let may: &[_] = &["suspendre", "cloturer", "annuler"];
    cast.is("en_cours", 3, Moment { manager: may, technician: &["suspendre", "cloturer"], last }).await;
    cast.machine_is("maintenance").await;

    technician.step(id, &json!({"statut": "en_attente"})).await.problem(422, "validation");
    technician.step(id, &json!({"statut": "en_attente", "remarque": "Joint commandé"})).await.is(200);
    let last = ("karim", Some("en_cours"), "en_attente", Some("Joint commandé"));
    let may: &[_] = &["reprendre", "cloturer", "annuler"];
    cast.is("en_attente", 4, Moment { manager: may, technician: &["reprendre", "cloturer"], last }).await;
    cast.machine_is("maintenance").await;

    technician.step(id, &json!({"statut": "en_cours"})).await.is(200);
    let last = ("karim", Some("en_attente"), "en_cours", None);
    let may: &[_] = &["suspendre", "cloturer", "annuler"];
    cast.is("en_cours", 5, Moment { manager: may, technician: &["suspendre", "cloturer"], last }).await;
    customer.change_intervention(id, &json!({"satisfaction": 5})).await.problem(409, "intervention_non_terminee");

    close_and_rate(&cast).await;
    technician.step(id, &json!({"statut": "archivee"})).await.problem(403, "permission_refusee");
    manager.step(id, &json!({"statut": "archivee"})).await.is(200);
    let last = ("youssef", Some("cloturee"), "archivee", None);
    cast.is("archivee", 7, Moment { manager: &[], technician: &[], last }).await;
    let again = manager.step(id, &json!({"statut": "en_cours", "remarque": "Encore"})).await;
    let again = again.problem(409, "transition_interdite");
    assert_eq!((&again.body["statut_actuel"], &again.body["actions"]), (&json!("archivee"), &json!([])));

    let mut store = site.store().await;
    assert_eq!(store.events("intervention.created").await, 1);
    assert_eq!(store.events("intervention.transition").await, 6);
    store.check_integrity().await;
}

/// The technician reports what was done, those whom it concerns hear of it, and the customer says how it was.
async fn close_and_rate(cast: &Cast) {
    let Cast { manager, technician, customer, stranger, id, .. } = cast;
    let id = *id;
    let report = json!({"rapport": "Joint remplacé", "cause_panne": "Usure", "temps_arret": 45});
    let mut closing = report.clone();
    closing["statut"] = json!("cloturee");
    let closed = technician.step(id, &closing).await.is(200);
    for (field, value) in report.as_object().unwrap() {
        assert_eq!(&closed.body[field], value);
    }
    let times = ["date_creation", "date_debut", "date_fin"].map(|field| closed.text(field));
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(closed.text("date_cloture"), closed.text("date_fin"));
    let last = ("karim", Some("en_cours"), "cloturee", None);
    cast.is("cloturee", 6, Moment { manager: &["archiver", "rouvrir"], technician: &[], last }).await;
    cast.machine_is("operationnel").await;

    let nobody: [&str; 0] = [];
    assert_eq!(told(manager, id).await, ["cloture"]);
    assert_eq!(told(customer, id).await, ["cloture"]);
    assert_eq!(told(technician, id).await, ["affectation"]);
    assert_eq!(told(stranger, id).await, nobody);
    let theirs = customer.notifications().await.rows()[0]["id"].as_i64().unwrap();
    manager.read_notification(theirs).await.problem(404, "introuvable");
    customer.read_notification(theirs).await.is(200);
    assert_eq!(told(customer, id).await, nobody);

    for person in [manager, technician] {
        person.change_intervention(id, &json!({"satisfaction": 1})).await.problem(403, "permission_refusee");
    }
    customer.change_intervention(id, &json!({"satisfaction": 6})).await.problem(422, "validation");
    customer.change_intervention(id, &json!({"satisfaction": 5})).await.is(200);
    assert_eq!(manager.intervention(id).await.body["satisfaction"], 5);
}
