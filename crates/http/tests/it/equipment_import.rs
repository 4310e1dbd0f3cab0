//! Machines from CSV files: everything or nothing, and every wrong cell named.

use std::fmt::Write as _;
use std::time::Duration;

use actix_web::rt::time::timeout;
use actix_web::test::TestRequest;
use mif_domain::users::Role;
use serde_json::{Value, json};

use crate::app::{Answer, App, bearer};

const COMMIT: &str = "/api/v1/equipements/import";
const TRY: &str = "/api/v1/equipements/import?essai=true";

async fn import(app: &App, token: &str, path: &str, file: impl Into<Vec<u8>>) -> Answer {
    let request = TestRequest::post().uri(path).insert_header(("content-type", "text/csv; charset=utf-8"));
    app.send(bearer(request, token).set_payload(file.into())).await
}

async fn machines(app: &App, token: &str) -> Vec<Value> {
    let list = app.get("/api/v1/equipements?limit=200&tri=nom", token).await.expect(200);
    list.json().as_array().unwrap().clone()
}

async fn count(app: &App, token: &str) -> u64 {
    let list = app.get("/api/v1/equipements?total=true&limit=1", token).await.expect(200);
    list.header("x-total-count").unwrap().parse().unwrap()
}

/// Refused with these cells, by the dry run and in earnest, and nothing is written.
async fn refused(app: &App, token: &str, file: &str, cells: &[(&str, &str)]) {
    let before = count(app, token).await;
    let expected: Vec<_> = cells.iter().map(|(cell, code)| ((*cell).to_owned(), (*code).to_owned())).collect();
    let answer = import(app, token, COMMIT, file).await.expect_problem(422, "import_refuse");
    assert_eq!(answer.fields(), expected, "{file}");
    let tried = import(app, token, TRY, file).await.expect(200).json();
    let found = tried["erreurs"].as_array().unwrap().iter().map(|error| {
        let column = error["champ"].as_str().map(|name| format!(".{name}")).unwrap_or_default();
        (format!("lignes[{}]{column}", error["ligne"]), error["code"].as_str().unwrap().to_owned())
    });
    assert_eq!(found.collect::<Vec<_>>(), expected, "{file}");
    assert_eq!((tried["creees"].as_u64(), tried["total_erreurs"].as_u64()), (Some(0), Some(cells.len() as u64)));
    assert_eq!(count(app, token).await, before);
}

#[actix_web::test]
async fn a_spreadsheet_becomes_a_tree_of_machines() {
    let app = App::start().await;
    let token = app.admin().await;
    let customer = app.customer("Conserverie Atlas").await.0;
    import(&app, &token, COMMIT, "nom,type,localisation,code\nLigne 2,ligne,Atelier B,L2\n").await.expect(201);
    let file = format!(
        "\u{feff}NOM;code;type;localisation;parent_code;client_id;marque;modele;numero_serie;statut;criticite;\
         frequence_entretien;date_mise_en_service;description\r\n\
         Vérin;V1;vérin;Atelier B;PR4;;;;;;;;;\r\n\
         \"Presse; \"\"n° 4\"\"\";PR4;presse;Atelier B;L2;{customer};Schuler;MH 400;SN-1;PANNE;critique;90;2019-03-01;\"Deux\r\nlignes\"\r\n\
         ;;;;;;;;;;;;;\r\n"
    );
    let tried = import(&app, &token, TRY, file.clone()).await.expect(200).json();
    assert_eq!(tried, json!({"lignes": 2, "creees": 0, "essai": true, "total_erreurs": 0, "erreurs": []}));
    assert_eq!(count(&app, &token).await, 1);

    let done = import(&app, &token, COMMIT, file).await.expect(201);
    assert_eq!(done.header("location").as_deref(), Some("/api/v1/equipements"));
    assert_eq!(done.json(), json!({"lignes": 2, "creees": 2, "essai": false, "total_erreurs": 0, "erreurs": []}));
    let found = machines(&app, &token).await;
    let [line, press, cylinder] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&press["nom"], &press["description"]), (&json!("Presse; \"n° 4\""), &json!("Deux\r\nlignes")));
    assert_eq!((&press["statut"], &press["criticite"]), (&json!("panne"), &json!("critique")));
    assert_eq!((&press["client_id"], &press["frequence_entretien"]), (&json!(customer), &json!(90)));
    assert_eq!((&press["date_mise_en_service"], &press["numero_serie"]), (&json!("2019-03-01"), &json!("SN-1")));
    assert_eq!((&press["parent_id"], &cylinder["parent_id"]), (&line["id"], &press["id"]));
    assert_eq!((&cylinder["statut"], &cylinder["marque"]), (&json!("operationnel"), &Value::Null));
}

#[actix_web::test]
async fn what_the_header_lacks_or_adds_is_named() {
    let app = App::start().await;
    let token = app.admin().await;
    let missing = |column| (column, "champ_manquant");
    let none = [missing("lignes[1].nom"), missing("lignes[1].type"), missing("lignes[1].localisation")];
    refused(&app, &token, "", &none).await;
    refused(&app, &token, "nom;type\na;b\n", &[missing("lignes[1].localisation")]).await;
    let extra = [("lignes[1].couleur", "champ_inconnu"), ("lignes[1].nom", "champ_double")];
    refused(&app, &token, "nom;type;localisation;couleur;Nom\na;b;c;d;e\n", &extra).await;
    refused(&app, &token, "nom;type;localisation\n\n;;\n", &[("lignes[2]", "champ_vide")]).await;
    refused(&app, &token, "\"nom;type;localisation\na;b;c\n", &[("lignes[1]", "guillemet_invalide")]).await;
}

#[actix_web::test]
async fn every_wrong_cell_is_named_by_its_line() {
    let app = App::start().await;
    let token = app.admin().await;
    let file = "nom,type,localisation,client_id,statut,frequence_entretien,date_mise_en_service,parent_code\n\
                ok,a,b,,,,,\n\
                ,a,b,x,cassé,1.5,01/03/2019,\n\
                \"two\nlines\",a,b,,,0,,\n\
                a,b\n\
                a,b,c,,,,,,\n\
                19\",a,b,,,,,\n";
    let expected = [
        ("lignes[3].client_id", "type_invalide"),
        ("lignes[3].statut", "type_invalide"),
        ("lignes[3].frequence_entretien", "type_invalide"),
        ("lignes[3].date_mise_en_service", "format_invalide"),
        ("lignes[3].nom", "champ_vide"),
        ("lignes[4].nom", "caractere_interdit"),
        ("lignes[4].frequence_entretien", "format_invalide"),
        ("lignes[6]", "nombre_colonnes"),
        ("lignes[7]", "nombre_colonnes"),
        ("lignes[8]", "guillemet_invalide"),
    ];
    refused(&app, &token, file, &expected).await;
    refused(&app, &token, "nom,type,localisation\na,b,c\n\"half,b,c\nd,e,f\n", &[("lignes[3]", "guillemet_invalide")])
        .await;
}

#[actix_web::test]
async fn names_and_references_are_checked_in_the_file_and_in_the_database() {
    let app = App::start().await;
    let token = app.admin().await;
    let stored = json!({"nom": "a", "type": "a", "localisation": "a", "code": "OLD", "numero_serie": "SN-OLD"});
    app.post("/api/v1/equipements", &token, stored).await.expect(201);
    let file = "nom;type;localisation;code;numero_serie;client_id;parent_code\n\
                a;a;a;NEW;SN-1;;\n\
                b;a;a;NEW;SN-1;;OLD\n\
                c;a;a;OLD;SN-OLD;;\n\
                d;a;a;;;4040;NOWHERE\n\
                e;a;a;LOOP;;;LOOP\n\
                f;a;a;A;;;B\n\
                g;a;a;B;;;A\n\
                h;a;a;BELOW;;;B\n";
    let expected = [
        ("lignes[3].code", "repete"),
        ("lignes[3].numero_serie", "repete"),
        ("lignes[4].code", "deja_pris"),
        ("lignes[4].numero_serie", "deja_pris"),
        ("lignes[5].client_id", "reference_inconnue"),
        ("lignes[5].parent_code", "reference_inconnue"),
        ("lignes[6].parent_code", "cycle_equipement"),
        ("lignes[7].parent_code", "cycle_equipement"),
        ("lignes[8].parent_code", "cycle_equipement"),
    ];
    refused(&app, &token, file, &expected).await;
}

#[actix_web::test]
async fn formulas_are_text() {
    let app = App::start().await;
    let token = app.admin().await;
    let names = ["+33 5", "-1", "=HYPERLINK(\"http://x\")", "@SUM(A1)"];
    let mut file = "nom;type;localisation\n".to_owned();
    for name in names {
        writeln!(file, "\"{}\";a;b", name.replace('"', "\"\"")).unwrap();
    }
    import(&app, &token, COMMIT, file).await.expect(201);
    let found: Vec<_> = machines(&app, &token).await.iter().map(|machine| machine["nom"].clone()).collect();
    assert_eq!(found, names);
}

#[actix_web::test]
async fn only_utf_8_is_read() {
    let app = App::start().await;
    let token = app.admin().await;
    let latin_1 = b"nom;type;localisation\nV\xe9rin;a;b\n".to_vec();
    let utf_16: Vec<u8> = "\u{feff}nom;type;localisation\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for path in [COMMIT, TRY] {
        let answer = import(&app, &token, path, latin_1.clone()).await.expect_problem(422, "csv_illisible");
        assert!(answer.text().contains("UTF-8"), "{}", answer.text());
        import(&app, &token, path, utf_16.clone()).await.expect_problem(422, "csv_illisible");
    }
    assert_eq!(count(&app, &token).await, 0);
}

fn file_of(rows: usize) -> String {
    let mut file = "nom;type;localisation;code;numero_serie;parent_code\n".to_owned();
    for row in 1..=rows {
        // Nine parts to a line; the tenth stands alone.
        let parent = if row % 10 < 2 { String::new() } else { format!("C{}", row - row % 10 + 1) };
        writeln!(file, "Machine {row};pompe;Atelier {};C{row};SN-{row};{parent}", row % 7).unwrap();
    }
    file
}

#[actix_web::test]
async fn ten_thousand_rows_fit_and_one_more_does_not() {
    let app = App::start().await;
    let token = app.admin().await;
    import(&app, &token, TRY, file_of(10_001)).await.expect_problem(422, "csv_trop_de_lignes");
    import(&app, &token, COMMIT, file_of(10_001)).await.expect_problem(422, "csv_trop_de_lignes");
    // Far more than it takes, even unoptimised on a busy machine.
    let import_all = timeout(Duration::from_secs(10), import(&app, &token, COMMIT, file_of(10_000)));
    let done = import_all.await.unwrap().expect(201);
    assert_eq!(done.json()["creees"], 10_000);
    assert_eq!(count(&app, &token).await, 10_000);
    let again = import(&app, &token, COMMIT, file_of(10_000)).await.expect_problem(422, "import_refuse");
    assert_eq!(again.fields().len(), 100);
    let tried = import(&app, &token, TRY, file_of(10_000)).await.expect(200).json();
    assert_eq!((tried["total_erreurs"].as_u64(), tried["lignes"].as_u64()), (Some(20_000), Some(10_000)));
    assert_eq!(tried["erreurs"].as_array().unwrap().len(), 100);
}

#[actix_web::test]
async fn files_have_a_limit_and_a_type() {
    let app = App::start().await;
    let token = app.admin().await;
    let mut file = file_of(1).into_bytes();
    file.resize(5 * 1024 * 1024 + 1, b' ');
    import(&app, &token, COMMIT, file.clone()).await.expect_problem(413, "corps_trop_volumineux");
    file.resize(6 * 1024 * 1024, b' ');
    import(&app, &token, COMMIT, file).await.expect_problem(413, "corps_trop_volumineux");
    let json = bearer(TestRequest::post().uri(COMMIT), &token).set_json(json!({}));
    app.send(json).await.expect_problem(415, "type_non_supporte");
    import(&app, &token, "/api/v1/equipements/import?essai=peut-etre", file_of(1))
        .await
        .expect_problem(422, "validation");
    import(&app, &token, "/api/v1/equipements/import?dry_run=true", file_of(1)).await.expect_problem(422, "validation");
}

fn form(boundary: &str, parts: &[(&str, &str)]) -> (String, String) {
    let mut body = String::new();
    for (name, content) in parts {
        write!(
            body,
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"machines.csv\"\r\n\
             Content-Type: application/vnd.ms-excel\r\n\r\n{content}\r\n"
        )
        .unwrap();
    }
    write!(body, "--{boundary}--\r\n").unwrap();
    (format!("multipart/form-data; boundary={boundary}"), body)
}

async fn upload(app: &App, token: &str, key: &str, boundary: &str, parts: &[(&str, &str)]) -> Answer {
    let (kind, body) = form(boundary, parts);
    let request = TestRequest::post().uri(COMMIT).insert_header(("content-type", kind));
    app.send(bearer(request, token).insert_header(("idempotency-key", key)).set_payload(body)).await
}

#[actix_web::test]
async fn a_form_carries_exactly_one_file() {
    let app = App::start().await;
    let token = app.admin().await;
    let file = "nom;type;localisation\nPresse;a;b\n";
    let cases = [
        (vec![], "file", "champ_manquant"),
        (vec![("file", file), ("file", file)], "file", "champ_double"),
        (vec![("fichier", file)], "fichier", "champ_inconnu"),
    ];
    for (parts, field, code) in cases {
        let answer = upload(&app, &token, "k", "xyz", &parts).await.expect_problem(422, "validation");
        assert_eq!(answer.fields(), [(field.to_owned(), code.to_owned())]);
    }
    upload(&app, &token, "k", "xyz", &[("file", file)]).await.expect(201);
    assert_eq!(count(&app, &token).await, 1);
}

#[actix_web::test]
async fn the_same_file_with_the_same_key_is_imported_once() {
    let app = App::start().await;
    let token = app.admin().await;
    let file = "nom;type;localisation\nPresse;a;b\n";
    let first = upload(&app, &token, "k1", "one", &[("file", file)]).await.expect(201);
    // A client that tries again draws another boundary; the file is the same.
    let second = upload(&app, &token, "k1", "two", &[("file", file)]).await.expect(201);
    assert_eq!((first.body, first.headers.get("location")), (second.body, second.headers.get("location")));
    assert_eq!(count(&app, &token).await, 1);
    let other = upload(&app, &token, "k1", "two", &[("file", "nom;type;localisation\nAutre;a;b\n")]).await;
    other.expect_problem(422, "cle_idempotence_reutilisee");
}

#[actix_web::test]
async fn importing_is_for_those_who_may_create() {
    for (role, status) in [(Role::Admin, 200), (Role::Manager, 200), (Role::Technician, 403), (Role::Customer, 403)] {
        let app = App::start().await;
        app.user("own", role, None).await;
        let token = app.sign_in("own").await.access;
        // Even a file with nothing right in it tells them nothing.
        for file in ["nom;type;localisation\na;b;c\n", "rubbish"] {
            import(&app, &token, TRY, file).await.expect(status);
        }
    }
}
