//! Thirty-two people edit one intervention: whoever insists on what they saw is told when it is gone, and nothing that was
//! acknowledged is overwritten unseen.

use std::collections::HashSet;
use std::sync::Arc;

use reqwest::header::IF_MATCH;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::harness::{Client, Database, Site, at_once, on_both_databases};

on_both_databases!(
    with_if_match_no_update_is_lost,
    of_those_who_saw_the_same_one_wins,
    without_if_match_edits_of_different_fields_all_stand,
    an_answer_is_what_its_writer_wrote,
);

const WRITERS: usize = 32;
/// How often each writer must get through.
const TIMES: usize = 3;

/// How often a writer was told yes and how often no.
#[derive(Default)]
struct Tally {
    written: usize,
    refused: usize,
}

fn version(body: &Value) -> usize {
    body["version"].as_u64().unwrap().try_into().unwrap()
}

async fn with_if_match_no_update_is_lost(database: Database) {
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;
    let id = admin.report("Bruit", admin.new_machine("PUMP").await).await;
    let before = version(&admin.intervention(id).await.body);

    let barrier = Arc::new(Barrier::new(WRITERS));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(append_markers(admin.clone(), id, writer, Arc::clone(&barrier)));
    }
    let (mut written, mut refused) = (0, 0);
    for tally in writers.join_all().await {
        written += tally.written;
        refused += tally.refused;
    }
    println!("{database:?}: {written} written, {refused} refused");

    let after = admin.intervention(id).await.is(200);
    assert_eq!(written, WRITERS * TIMES);
    assert_eq!(version(&after.body) - before, written, "successes equal the growth of the version");
    let description = after.text("description");
    let mut found: Vec<_> = description.split_whitespace().collect();
    found.sort_unstable();
    let mut expected: Vec<_> =
        (0..WRITERS).flat_map(|writer| (0..TIMES).map(move |time| marker(writer, time))).collect();
    expected.sort_unstable();
    assert_eq!(found, expected, "every marker is there once");
    assert!(refused > 0, "nobody was in anybody's way: this proves nothing");
    assert_eq!(site.store().await.events("intervention.updated").await, i64::try_from(written).unwrap());
}

fn marker(writer: usize, time: usize) -> String {
    format!("w{writer}.{time}")
}

/// Reads, appends its marker to what it read and writes that back, until it has got through often enough.
async fn append_markers(client: Client, id: i64, writer: usize, barrier: Arc<Barrier>) -> Tally {
    let mut tally = Tally::default();
    for time in 0..TIMES {
        barrier.wait().await;
        loop {
            let seen = client.intervention(id).await.is(200);
            let text = seen.body["description"].as_str().unwrap_or_default();
            let change = json!({"description": format!("{text} {}", marker(writer, time)).trim()});
            let answer = client.send(client.changing(id, &change).header(IF_MATCH, seen.header("etag"))).await;
            if answer.status == 200 {
                tally.written += 1;
                break;
            }
            answer.problem(412, "version_perimee");
            tally.refused += 1;
        }
    }
    tally
}

async fn of_those_who_saw_the_same_one_wins(database: Database) {
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;
    let id = admin.report("Bruit", admin.new_machine("PUMP").await).await;
    for round in 0..10 {
        let seen = admin.intervention(id).await.is(200);
        let title = |writer: usize| format!("Bruit {round}.{writer}");
        let question = |writer| {
            let change = admin.changing(id, &json!({"titre": title(writer)}));
            (&admin, change.header(IF_MATCH, seen.header("etag")))
        };
        let mut winners = Vec::new();
        for (writer, answer) in at_once((0..WRITERS).map(question).collect()).await.into_iter().enumerate() {
            match answer.status {
                200 => winners.push(writer),
                _ => drop(answer.problem(412, "version_perimee")),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        let after = admin.intervention(id).await.is(200);
        assert_eq!(after.text("titre"), title(winners[0]));
        assert_eq!(version(&after.body), version(&seen.body) + 1);
    }
}

async fn without_if_match_edits_of_different_fields_all_stand(database: Database) {
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;
    let id = admin.report("Bruit", admin.new_machine("PUMP").await).await;
    let before = version(&admin.intervention(id).await.body);
    let fields = [
        ("titre", [json!("a"), json!("b"), json!("c"), json!("d")]),
        ("description", [json!("a"), json!("b"), json!("c"), json!("d")]),
        ("priorite", [json!("urgente"), json!("haute"), json!("basse"), json!("programmee")]),
        ("duree_estimee", [json!(1), json!(2), json!(3), json!(4)]),
        ("date_limite", ["01", "02", "03", "04"].map(|day| json!(format!("2199-01-{day}T00:00:00.000000Z")))),
        ("rapport", [json!("a"), json!("b"), json!("c"), json!("d")]),
        ("cause_panne", [json!("a"), json!("b"), json!("c"), json!("d")]),
        ("temps_arret", [json!(1), json!(2), json!(3), json!(4)]),
    ];
    let edits = fields.iter().flat_map(|(field, values)| values.iter().map(|value| json!({*field: value})));
    let questions: Vec<_> = edits.map(|edit| (&admin, admin.changing(id, &edit))).collect();
    assert_eq!(questions.len(), WRITERS);
    for answer in at_once(questions).await {
        answer.is(200);
    }

    let after = admin.intervention(id).await.is(200);
    assert_eq!(version(&after.body) - before, WRITERS);
    for (field, values) in fields {
        assert!(values.contains(&after.body[field]), "{field} was overwritten: {}", after.body);
    }
}

/// Whoever goes on from the tag of an answer must not be handed the one of somebody else's edit: they would overwrite it
/// unseen.
async fn an_answer_is_what_its_writer_wrote(database: Database) {
    let site = Site::new(database).await;
    let (_server, admin) = site.open().await;
    let id = admin.report("Bruit", admin.new_machine("PUMP").await).await;
    for round in 0..10 {
        let before = version(&admin.intervention(id).await.body);
        let title = |writer: usize| format!("Bruit {round}.{writer}");
        let question = |writer| (&admin, admin.changing(id, &json!({"titre": title(writer)})));
        let mut versions = HashSet::new();
        for (writer, answer) in at_once((0..WRITERS).map(question).collect()).await.into_iter().enumerate() {
            let answer = answer.is(200);
            assert_eq!(answer.text("titre"), title(writer), "somebody else's words, and {}", answer.header("etag"));
            assert!(answer.header("etag").starts_with(&format!("\"{}-", version(&answer.body))));
            versions.insert(version(&answer.body));
        }
        assert_eq!(versions, (before + 1..=before + WRITERS).collect(), "each has a version of its own");
    }
}
