//! Forms with a file: what is taken, and why others are not.

use super::*;

/// The one field that a 422 names.
fn one(name: &str, code: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), code.to_owned())]
}

#[actix_web::test]
async fn what_a_file_belongs_to_stands_in_the_address_or_before_it() {
    let plant = Plant::new().await;
    let machine = plant.machine.to_string();
    let in_the_address = plant.send(Form::default().file("manuel.pdf", PDF)).await.expect(201);
    let id = in_the_address.json()["id"].as_i64().unwrap();
    assert_eq!(in_the_address.header("location"), Some(format!("/api/v1/documents/{id}")));
    let read = plant.app.get(&format!("/api/v1/documents/{id}"), &plant.token).await.expect(200);
    assert_eq!((read.header("etag"), read.json()), (in_the_address.header("etag"), in_the_address.json()));
    assert_eq!(read.json()["sha256"].as_str().map(str::len), Some(64));

    let form = Form::default().field("equipement_id", &machine).field("description", "Page 3 & suivantes\nvoir plan");
    let form = form.field("interne", "false").file("manuel.pdf", PDF);
    for path in ["/api/v1/documents/", "/api/v1/documents/upload"] {
        let form = Form(form.0.clone());
        let made = plant.app.send(form.to(path, &plant.token)).await.expect(201).json();
        assert_eq!((&made["equipement_id"], &made["intervention_id"]), (&json!(plant.machine), &Value::Null));
        assert_eq!((&made["description"], &made["interne"]), (&json!("Page 3 & suivantes\nvoir plan"), &json!(false)));
        assert_eq!((&made["filename"], &made["mime_type"]), (&json!("manuel.pdf"), &json!("application/pdf")));
        assert_eq!((&made["taille"], &made["analyse"]), (&json!(PDF.len()), &json!("saine")));
    }
}

#[actix_web::test]
async fn a_file_belongs_to_one_thing() {
    let plant = Plant::new().await;
    let file = || Form::default().file("a.pdf", PDF);
    let to = |form: Form, query: &str| form.to(&format!("/api/v1/documents{query}"), &plant.token);
    let nowhere = plant.app.send(to(file(), "")).await.expect_problem(422, "validation");
    assert_eq!(nowhere.fields(), one("intervention_id", "champ_manquant"));
    let both = plant.app.send(to(file(), "?intervention_id=1&equipement_id=1")).await.expect_problem(422, "validation");
    assert_eq!(both.fields(), one("intervention_id", "format_invalide"));
    let twice = Form::default().field("equipement_id", "1").file("a.pdf", PDF);
    let twice = plant.app.send(to(twice, "?equipement_id=1")).await.expect_problem(422, "validation");
    assert_eq!(twice.fields(), one("equipement_id", "champ_double"));
    plant.app.send(to(file(), "?equipement_id=999")).await.expect_problem(404, "introuvable");
    plant.app.send(to(file(), "?intervention_id=999")).await.expect_problem(404, "introuvable");
    let words = plant.app.send(to(file(), "?equipement_id=presse")).await.expect_problem(422, "validation");
    assert_eq!(words.fields(), one("equipement_id", "type_invalide"));
    plant.nothing_was_kept();
}

#[actix_web::test]
async fn the_form_has_known_fields_once_and_one_file_at_its_end() {
    let plant = Plant::new().await;
    let description = |form: Form| form.field("description", "x");
    let file = |form: Form| form.file("a.pdf", PDF);
    let cases = [
        (description(file(Form::default())), "description", "champ_apres_fichier"),
        (file(file(Form::default())), "file", "champ_double"),
        (description(Form::default()), "file", "champ_manquant"),
        (file(Form::default().field("couleur", "rouge")), "couleur", "champ_inconnu"),
        (file(description(description(Form::default()))), "description", "champ_double"),
        (file(Form::default().field("interne", "peut-être")), "interne", "type_invalide"),
        (file(Form::default().field("description", &"x".repeat(2_001))), "description", "trop_long"),
        (file(Form::default().field("description", &"x".repeat(9_000))), "description", "trop_long"),
        (file((0..9).fold(Form::default(), |form, n| form.field(&format!("f{n}"), ""))), "f8", "champ_inconnu"),
        (Form::default().part("name=\"file\"", PDF), "file", "champ_manquant"),
        (Form::default().file("", PDF), "file", "champ_vide"),
        (Form::default().file("a.pdf", b""), "file", "champ_vide"),
    ];
    for (form, field, code) in cases {
        let body = String::from_utf8_lossy(&form.0).into_owned();
        let answer = plant.send(form).await.expect_problem(422, "validation");
        assert_eq!(answer.fields(), one(field, code), "{body}");
    }
    plant.nothing_was_kept();
}

#[actix_web::test]
async fn a_name_is_made_harmless_or_refused() {
    let plant = Plant::new().await;
    for (sent, kept) in [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\amal\\plan.txt", "plan.txt"),
        (".htaccess.txt", "htaccess.txt"),
        ("facture\u{202e}fdp.txt", "facturefdp.txt"),
        ("تقرير الصيانة.txt", "تقرير الصيانة.txt"),
    ] {
        // A backslash in a quoted name stands for what follows it.
        let escaped = sent.replace('\\', "\\\\");
        assert_eq!(plant.stored(&escaped, b"texte").await["filename"], kept);
    }
    let before = plant.app.files.blobs();
    let none = plant.send(Form::default().file("../../etc/passwd", b"root")).await;
    none.expect_problem(422, "type_fichier_refuse");
    let long = plant.send(Form::default().file(&format!("{}.pdf", "a".repeat(996)), PDF)).await;
    assert_eq!(long.expect_problem(422, "validation").fields(), one("file", "trop_long"));
    let turned = plant.send(Form::default().file("facture\u{202e}fdp.exe", b"MZ")).await;
    turned.expect_problem(422, "type_fichier_refuse");
    assert_eq!(plant.app.files.blobs(), before);
}

#[actix_web::test]
async fn a_name_in_the_spelling_of_some_libraries_is_read() {
    let plant = Plant::new().await;
    let form = Form::default().part("name=\"file\"; filename*=UTF-8''relev%C3%A9%20n%C2%B0%204.txt", b"texte");
    assert_eq!(plant.send(form).await.expect(201).json()["filename"], "relevé n° 4.txt");
}

#[actix_web::test]
async fn a_content_that_is_not_taken_is_told_why() {
    let plant = Plant::new().await;
    for (name, content) in [
        ("rapport.pdf", b"MZ\x90\0 This program cannot be run".as_slice()),
        ("outil.exe", b"MZ"),
        ("image.pdf", b"GIF89a%PDF-1.7"),
        ("page.html", b"<script>"),
        ("dessin.svg", b"<svg onload=alert(1)>"),
    ] {
        plant.send(Form::default().file(name, content)).await.expect_problem(422, "type_fichier_refuse");
    }
    let infected = plant.send(Form::default().file("a.pdf", &[PDF, VIRUS_MARKER].concat())).await;
    assert_eq!(infected.expect_problem(422, "fichier_infecte").json()["signature"], VIRUS_NAME);
    let large = [PDF, &vec![b'x'; 1024 * 1024]].concat();
    let large = plant.send(Form::default().file("a.pdf", &large)).await.expect_problem(413, "corps_trop_volumineux");
    assert_eq!(large.json()["max_octets"], 1024 * 1024);
    plant.app.scanner.go_down("secret detail");
    let down = plant.send(Form::default().file("a.pdf", PDF)).await.expect_problem(503, "antivirus_indisponible");
    assert!(!down.text().contains("secret detail"), "{}", down.text());
    plant.app.scanner.recover();
    plant.app.files.fail_with(mif_domain::documents::FileStoreError::Full);
    plant.send(Form::default().file("a.pdf", PDF)).await.expect_problem(507, "stockage_plein");
    plant.app.files.recover();
    plant.nothing_was_kept();
}

#[actix_web::test]
async fn what_is_no_form_or_half_of_one_is_refused() {
    let plant = Plant::new().await;
    let address = plant.address();
    plant.app.post(&address, &plant.token, json!({"file": "x"})).await.expect_problem(415, "type_non_supporte");
    let cut = Form::default().file("a.pdf", PDF).open_ended();
    let cut = plant.app.send(posted(&address, &plant.token, cut)).await;
    cut.expect_problem(400, "corps_interrompu");
    for rubbish in ["", "rubbish", "--frontiere\r\nrubbish", "--frontiere\r\n\r\nno headers\r\n--frontiere--\r\n"] {
        let answer = plant.app.send(posted(&address, &plant.token, rubbish.into())).await;
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{rubbish}: {}", answer.text());
    }
    let without_boundary = TestRequest::post().uri(&address).insert_header(("content-type", "multipart/form-data"));
    let without_boundary = plant.app.send(bearer(without_boundary, &plant.token).set_payload("x")).await;
    without_boundary.expect_problem(400, "formulaire_invalide");
    plant.nothing_was_kept();
}

#[actix_web::test]
async fn the_same_upload_under_the_same_key_is_answered_as_before() {
    let plant = Plant::new().await;
    let send = async |content: &[u8], query: &str| {
        let form = Form::default().file("a.pdf", content);
        let request = form.to(&format!("{}{query}", plant.address()), &plant.token);
        plant.app.send(request.insert_header(("idempotency-key", "envoi-1"))).await
    };
    let first = send(PDF, "").await.expect(201);
    let again = send(PDF, "").await.expect(201);
    assert_eq!((again.body, again.headers.get("etag")), (first.body, first.headers.get("etag")));
    send(b"%PDF-1.7\nautre", "").await.expect_problem(422, "cle_idempotence_reutilisee");
    send(PDF, "&interne=false").await.expect_problem(422, "cle_idempotence_reutilisee");
    assert_eq!(plant.app.files.blobs().len(), 1);
}
