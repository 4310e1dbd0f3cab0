//! What clients should not send: refused in one shape, with a stable code, and nothing is half-written.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Client, Database, PASSWORD, Server, Site, machine, on_both_databases};

on_both_databases!(
    a_body_that_cannot_be_read_is_refused,
    a_body_of_unknown_length_is_cut_off,
    a_field_that_cannot_be_meant_is_named,
    a_parameter_that_cannot_be_meant_is_named,
    an_address_that_leads_nowhere_is_refused,
    an_account_that_cannot_be_is_refused,
);

const EQUIPMENT: &str = "/api/v1/equipements";
const USERS: &str = "/api/v1/users/";
const LOGIN: &str = "/api/v1/auth/login";
const JSON: &str = "application/json";
const BEYOND: &str = "9223372036854775808";

/// A server with one machine and its administrator, and what must not change there.
struct Plant {
    _site: Site,
    server: Server,
    admin: Client,
    machine: i64,
}

impl Plant {
    async fn new(database: Database) -> Self {
        let site = Site::new(database).await;
        let (server, admin) = site.open().await;
        let machine = admin.create_equipment(&machine("ONLY")).await.is(201).id();
        Self { _site: site, server, admin, machine }
    }

    fn post(&self, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        self.admin.request(Method::POST, path).header("content-type", kind).body(body)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.admin.request(Method::GET, path)
    }

    /// Sends each request, and afterwards nothing has changed.
    async fn refuses(&self, questions: Vec<(RequestBuilder, u16, &str)>) {
        let before = self.everything().await;
        for (request, status, code) in questions {
            self.admin.send(request).await.problem(status, code);
        }
        assert_eq!(self.everything().await, before);
    }

    /// Sends each request, and the field is named.
    async fn names(&self, questions: Vec<(RequestBuilder, &str, &str)>) {
        let before = self.everything().await;
        for (request, field, code) in questions {
            self.admin.send(request).await.problem(422, "validation").names(field, code);
        }
        assert_eq!(self.everything().await, before);
    }

    /// Everything that could have been written, and nothing may have failed on the way.
    async fn everything(&self) -> (Vec<Value>, Value) {
        let output = self.server.output();
        assert!(!output.contains("ERROR") && !output.contains("panicked"), "{output}");
        (self.admin.all_equipment().await, self.admin.users().await.is(200).body)
    }
}

async fn a_body_that_cannot_be_read_is_refused(database: Database) {
    let plant = Plant::new(database).await;
    let mebibyte = || vec![b'x'; 1024 * 1024];
    let deep = "[".repeat(50_000);
    let questions = vec![
        (plant.post(EQUIPMENT, JSON, r#"{"nom": "#), 400, "json_invalide"),
        (plant.post(EQUIPMENT, JSON, ""), 400, "json_invalide"),
        (plant.post(EQUIPMENT, JSON, "{\"nom\": \"a\0b\"}"), 400, "json_invalide"),
        (plant.post(EQUIPMENT, JSON, b"{\"nom\": \"\xff\xfe\"}".to_vec()), 400, "json_invalide"),
        (plant.post(EQUIPMENT, JSON, format!("{} x", machine("X"))), 400, "json_invalide"),
        (plant.post(EQUIPMENT, JSON, format!(r#"{{"nom": {deep}"#)), 422, "validation"),
        (plant.post(EQUIPMENT, JSON, "[]"), 422, "validation"),
        (plant.post(EQUIPMENT, JSON, "null"), 422, "validation"),
        (plant.post(EQUIPMENT, JSON, mebibyte()), 413, "corps_trop_volumineux"),
        (plant.post(USERS, JSON, mebibyte()), 413, "corps_trop_volumineux"),
        (plant.post(LOGIN, JSON, mebibyte()), 413, "corps_trop_volumineux"),
        (plant.post(LOGIN, JSON, vec![b' '; 5 * 1024]), 413, "corps_trop_volumineux"),
        (plant.post(EQUIPMENT, "text/plain", machine("X").to_string()), 415, "type_non_supporte"),
        (plant.post(EQUIPMENT, "application/x-www-form-urlencoded", "nom=x"), 415, "type_non_supporte"),
        (plant.post(LOGIN, "text/xml", "<login/>"), 415, "type_non_supporte"),
        (plant.post(LOGIN, "multipart/form-data", "no boundary"), 400, "formulaire_invalide"),
        (plant.post(LOGIN, "multipart/form-data; boundary=x", "--x\r\nrubbish"), 400, "formulaire_invalide"),
        (plant.post(LOGIN, JSON, "{"), 400, "json_invalide"),
        (
            plant.post(EQUIPMENT, JSON, machine("X").to_string()).header("idempotency-key", ""),
            400,
            "cle_idempotence_invalide",
        ),
    ];
    plant.refuses(questions).await;
}

async fn a_body_of_unknown_length_is_cut_off(database: Database) {
    let plant = Plant::new(database).await;
    let head = format!(
        "POST {EQUIPMENT} HTTP/1.1\r\nHost: mif\r\nAuthorization: Bearer {}\r\nContent-Type: {JSON}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        plant.admin.token(),
    );
    let mut stream = TcpStream::connect(plant.server.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..1024 {
        stream.write_all(format!("400\r\n{}\r\n", "x".repeat(1024)).as_bytes()).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("corps_trop_volumineux"), "{answer}");
    assert_eq!(plant.admin.all_equipment().await.len(), 1);
}

async fn a_field_that_cannot_be_meant_is_named(database: Database) {
    let plant = Plant::new(database).await;
    let with = |field: &str, value: Value| {
        let mut body = machine("NEW");
        body[field] = value;
        plant.post(EQUIPMENT, JSON, body.to_string())
    };
    let without_name = json!({"type": "presse", "localisation": "Atelier B"});
    let huge = format!(r#"{{"nom":"a","type":"b","localisation":"c","parent_id":{BEYOND}}}"#);
    let twice = r#"{"nom":"a","nom":"b","type":"b","localisation":"c"}"#;
    let patch = |body: Value| plant.admin.request(Method::PATCH, &format!("{EQUIPMENT}/{}", plant.machine)).json(&body);
    let questions = vec![
        (plant.post(EQUIPMENT, JSON, without_name.to_string()), "nom", "champ_manquant"),
        (with("nom", json!(7)), "nom", "type_invalide"),
        (with("nom", json!(null)), "nom", "type_invalide"),
        (with("nom", json!("   ")), "nom", "champ_vide"),
        (with("nom", json!("é".repeat(300))), "nom", "trop_long"),
        (with("nom", json!("a\u{0}b")), "nom", "caractere_interdit"),
        (with("description", json!("a\u{0}b")), "description", "caractere_interdit"),
        (with("description", json!("x".repeat(5000))), "description", "trop_long"),
        (with("couleur", json!("bleu")), "couleur", "champ_inconnu"),
        (with("statut", json!("casse")), "statut", "type_invalide"),
        (with("frequence_entretien", json!(0)), "frequence_entretien", "format_invalide"),
        (with("frequence_entretien", json!(1.5)), "frequence_entretien", "type_invalide"),
        (with("date_mise_en_service", json!("2026-02-30")), "date_mise_en_service", "type_invalide"),
        (with("parent_id", json!("1")), "parent_id", "type_invalide"),
        (with("parent_id", json!(i64::MAX)), "parent_id", "reference_inconnue"),
        (with("parent_id", json!(-1)), "parent_id", "reference_inconnue"),
        (with("client_id", json!(i64::MIN)), "client_id", "reference_inconnue"),
        (plant.post(EQUIPMENT, JSON, huge), "parent_id", "type_invalide"),
        (plant.post(EQUIPMENT, JSON, twice), "nom", "champ_double"),
        (patch(json!({"nom": null})), "nom", "champ_manquant"),
        (patch(json!({"id": 9})), "id", "champ_inconnu"),
        (patch(json!({"code": "x".repeat(300)})), "code", "trop_long"),
        (patch(json!({"parent_id": 404_404})), "parent_id", "reference_inconnue"),
    ];
    plant.names(questions).await;
    plant.refuses(vec![(patch(json!({"parent_id": plant.machine})), 409, "cycle_equipement")]).await;
}

async fn a_parameter_that_cannot_be_meant_is_named(database: Database) {
    let plant = Plant::new(database).await;
    let list = |query: &str| plant.get(&format!("{EQUIPMENT}?{query}"));
    let questions = vec![
        (list("couleur=bleu"), "couleur", "champ_inconnu"),
        (list("limit=0"), "limit", "format_invalide"),
        (plant.get("/api/v1/audit?resource=a%00b"), "resource", "caractere_interdit"),
        (list("limit=201"), "limit", "format_invalide"),
        (list("limit=-1"), "limit", "type_invalide"),
        (list("limit=beaucoup"), "limit", "type_invalide"),
        (list("limit=10&limit=20"), "limit", "champ_double"),
        (list("offset=10001"), "offset", "format_invalide"),
        (list("tri=couleur"), "tri", "type_invalide"),
        (list("q=a%00b"), "q", "caractere_interdit"),
        (list(&format!("q={}", "x".repeat(300))), "q", "trop_long"),
        (list(&format!("parent_id={BEYOND}")), "parent_id", "type_invalide"),
        (list("statut=casse"), "statut", "type_invalide"),
        (plant.get(&format!("{USERS}?role=roi")), "role", "type_invalide"),
        (plant.get(&format!("{EQUIPMENT}/{BEYOND}")), "id", "format_invalide"),
        (plant.get(&format!("{EQUIPMENT}/-1")), "id", "format_invalide"),
        (plant.get(&format!("{EQUIPMENT}/1%00")), "id", "format_invalide"),
        (plant.get("/api/v1/users/abc"), "id", "format_invalide"),
    ];
    plant.names(questions).await;

    let stale = "eyJ0IjoiaWQiLCJmIjoiMDAiLCJ2Ijp7ImkiOjF9LCJpIjoxfQ";
    let questions =
        ["rubbish", "", "%00", stale].map(|cursor| (list(&format!("cursor={cursor}")), 422, "curseur_invalide"));
    plant.refuses(questions.into()).await;
    let questions = [("\"1\", \"2\"", 400, "if_match_invalide"), ("rubbish", 412, "version_perimee")];
    let questions = questions.map(|(tag, status, code)| {
        let request = plant.admin.request(Method::DELETE, &format!("{EQUIPMENT}/{}", plant.machine));
        (request.header("if-match", tag), status, code)
    });
    plant.refuses(questions.into()).await;
}

async fn an_address_that_leads_nowhere_is_refused(database: Database) {
    let plant = Plant::new(database).await;
    let questions = vec![
        (plant.get("/api/v1/machines"), 404, "route_inconnue"),
        (plant.get("/"), 404, "route_inconnue"),
        (plant.get("/api/v1/equipements/1/2"), 404, "route_inconnue"),
        (plant.get("/%ff%00"), 404, "route_inconnue"),
        (plant.get("/docs/nothing.js"), 404, "route_inconnue"),
        (plant.get(&format!("{EQUIPMENT}/{}", i64::MAX)), 404, "introuvable"),
        (plant.get("/api/v1/users/424242"), 404, "introuvable"),
    ];
    plant.refuses(questions).await;

    let one = format!("{EQUIPMENT}/{}", plant.machine);
    for (method, path, allowed) in [
        (Method::DELETE, EQUIPMENT, vec!["GET", "POST"]),
        (Method::PUT, one.as_str(), vec!["DELETE", "GET", "PATCH"]),
        (Method::GET, LOGIN, vec!["POST"]),
        (Method::POST, "/ready", vec!["GET"]),
    ] {
        let answer = plant.admin.send(plant.admin.request(method, path)).await.problem(405, "methode_interdite");
        let mut methods: Vec<_> = answer.header("allow").split(", ").filter(|name| *name != "HEAD").collect();
        methods.sort_unstable();
        assert_eq!(methods, allowed, "{path}");
    }
    plant.admin.equipment(plant.machine).await.is(200);
}

async fn an_account_that_cannot_be_is_refused(database: Database) {
    let plant = Plant::new(database).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({"username": "karim", "email": "karim@usine.test", "password": PASSWORD});
        body[field] = value;
        plant.post(USERS, JSON, body.to_string())
    };
    plant.refuses(vec![(with("email", json!("ADMIN@Usine.TEST")), 409, "email_pris")]).await;
    plant.refuses(vec![(with("username", json!("ADMIN")), 409, "nom_utilisateur_pris")]).await;
    let questions = vec![
        (with("email", json!("nobody")), "email", "format_invalide"),
        (with("email", json!("a\u{0}@usine.test")), "email", "format_invalide"),
        (with("email", json!(format!("{}@usine.test", "x".repeat(300)))), "email", "trop_long"),
        (with("username", json!("x")), "username", "format_invalide"),
        (with("username", json!("k@rim")), "username", "format_invalide"),
        (with("username", json!("k".repeat(300))), "username", "format_invalide"),
        (with("full_name", json!("k".repeat(300))), "full_name", "trop_long"),
        (with("full_name", json!("a\u{0}b")), "full_name", "caractere_interdit"),
        (with("password", json!("x".repeat(300))), "password", "format_invalide"),
        (with("password", json!("court")), "password", "mot_de_passe_trop_court"),
        (with("password", json!("karim-Karim-77!")), "password", "mot_de_passe_contient_identite"),
        (with("role", json!("roi")), "role", "type_invalide"),
        (with("role", json!(1)), "role", "type_invalide"),
        (with("client_id", json!(404_404)), "client_id", "reference_inconnue"),
        (with("is_admin", json!(true)), "is_admin", "champ_inconnu"),
    ];
    plant.names(questions).await;
    for secret in ["Tr3s-Secret!\u{0}", "Tr3s-Secret!"] {
        let login = plant.post(LOGIN, JSON, json!({"email": "admin\u{0}", "password": secret}).to_string());
        let answer = plant.admin.send(login).await.problem(401, "identifiants_invalides");
        assert!(!answer.body.to_string().contains("Secret"), "a submitted secret is never echoed");
    }
}
