//! Notifications: everybody's own, and nobody else's.

use mif_domain::notifications::NotificationKind;
use mif_domain::users::Role;
use serde_json::{Value, json};

use crate::app::App;

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[actix_web::test]
async fn one_reads_ones_own_the_newest_first() {
    let app = App::start().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let hind = app.user("hind", Role::Customer, None).await;
    let first = app.tell(karim, NotificationKind::Assignment).await;
    let second = app.tell(karim, NotificationKind::Information).await;
    app.tell(hind, NotificationKind::Closing).await;
    let token = app.sign_in("karim").await.access;
    let own = format!("/api/v1/notifications/user/{}", karim.0);
    for path in ["/api/v1/notifications/", "/api/v1/notifications/user/me", &own] {
        let list = app.get(&format!("{path}?total=true"), &token).await.expect(200);
        assert_eq!((ids(&list.json()), list.header("x-total-count").as_deref()), (vec![second, first], Some("2")));
    }
    let oldest = app.get("/api/v1/notifications?tri=date_envoi&limit=1", &token).await.expect(200);
    let expected = json!({
        "id": first, "type": "affectation", "titre": "Arrêt de la ligne 2",
        "contenu": "La ligne 2 est arrêtée jusqu'à 14 h.\nPrévenez l'atelier.", "canal": "app", "intervention_id": null,
        "user_id": karim.0, "date_envoi": "2026-01-05T07:00:00.000000Z", "lue": false, "date_lecture": null
    });
    assert_eq!(oldest.json(), json!([expected]));
    let link = oldest.header("link").unwrap();
    let next = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
    assert_eq!(ids(&app.get(&next, &token).await.expect(200).json()), [second]);
    let typed = app.get("/api/v1/notifications?type=INFORMATION", &token).await.expect(200);
    assert_eq!(ids(&typed.json()), [second]);
    let others = format!("/api/v1/notifications/user/{}", hind.0);
    app.get(&others, &token).await.expect_problem(404, "introuvable");
    for query in ["lue=oui", "type=autre", "tri=titre", "statut=lue"] {
        app.get(&format!("/api/v1/notifications?{query}"), &token).await.expect_problem(422, "validation");
    }
}

#[actix_web::test]
async fn reading_is_noted_once() {
    let app = App::start().await;
    let karim = app.user("karim", Role::Technician, None).await;
    let hind = app.user("hind", Role::Manager, None).await;
    let first = app.tell(karim, NotificationKind::Reminder).await;
    let second = app.tell(karim, NotificationKind::Lateness).await;
    let others = app.tell(hind, NotificationKind::Lateness).await;
    let token = app.sign_in("karim").await.access;
    let read = |id: i64| format!("/api/v1/notifications/{id}/read");
    let answer = app.put(&read(first), &token, json!({})).await.expect(200).json();
    assert_eq!(answer, json!({"message": "Notification marquée comme lue"}));
    app.clock.advance(chrono::TimeDelta::seconds(60));
    app.put(&read(first), &token, json!({})).await.expect(200);
    let list = app.get("/api/v1/notifications?lue=true", &token).await.expect(200).json();
    assert_eq!((ids(&list), &list[0]["date_lecture"]), (vec![first], &json!("2026-01-05T07:00:00.000000Z")));
    for id in [others, 999] {
        app.put(&read(id), &token, json!({})).await.expect_problem(404, "introuvable");
    }
    app.put(&read(0), &token, json!({})).await.expect_problem(422, "validation");

    let all = app.put("/api/v1/notifications/read-all", &token, json!({})).await.expect(200).json();
    assert!(all["message"].is_string());
    assert_eq!(app.get("/api/v1/notifications?lue=false", &token).await.json(), json!([]));
    let list = app.get("/api/v1/notifications?lue=true", &token).await.json();
    assert_eq!((ids(&list), &list[0]["date_lecture"]), (vec![second, first], &json!("2026-01-05T07:01:00.000000Z")));
    let token = app.sign_in("hind").await.access;
    assert_eq!(ids(&app.get("/api/v1/notifications?lue=false", &token).await.json()), [others]);
}
