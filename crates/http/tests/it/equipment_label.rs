//! Labels: what the QR code says, and that no name can break the picture.

use actix_web::test::TestRequest;
use mif_domain::users::Role;
use serde_json::json;

use crate::app::{App, Options, bearer};

/// Reads the QR code of a label as a camera would, from its pixels.
fn scanned(svg: &str) -> String {
    let inside = |from: &str, to: &str| svg.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let side: usize = inside("viewBox=\"0 0 ", "\" shape").rsplit(' ').next().unwrap().parse().unwrap();
    let mut dark = vec![vec![false; side]; side];
    for run in inside("<path d=\"", "\"").split('M').skip(1) {
        let (x, rest) = run.split_once(' ').unwrap();
        let (y, rest) = rest.split_once('h').unwrap();
        let (length, _) = rest.split_once('v').unwrap();
        let (x, y, length): (usize, usize, usize) = (x.parse().unwrap(), y.parse().unwrap(), length.parse().unwrap());
        dark[y][x..x + length].fill(true);
    }
    let scale = 4;
    let pixel = |x: usize, y: usize| if dark[y / scale][x / scale] { 0 } else { 255 };
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side * scale, side * scale, pixel);
    let [code] = picture.detect_grids().try_into().ok().unwrap();
    code.decode().unwrap().1
}

#[actix_web::test]
async fn the_code_opens_the_machine() {
    let public_url = Some("https://gmao.example.ma".to_owned());
    let app = App::start_with(Options { public_url, ..Options::default() }).await;
    let token = app.admin().await;
    let id = app.machine("Presse", None).await;
    let request = TestRequest::get().uri(&format!("/api/v1/equipements/{id}/etiquette.svg"));
    // The server is who it was set up to be, whatever a request says.
    let label = app.send(bearer(request, &token).insert_header(("host", "evil.example"))).await.expect(200);
    assert_eq!(scanned(&label.text()), format!("https://gmao.example.ma/api/v1/equipements/{id}"));
    assert!(!label.text().contains("evil"));
}

#[actix_web::test]
async fn without_a_public_address_the_code_names_the_machine() {
    let app = App::start().await;
    let token = app.admin().await;
    let id = app.machine("Presse", None).await;
    let label = app.get(&format!("/api/v1/equipements/{id}/etiquette.svg"), &token).await.expect(200);
    assert_eq!(scanned(&label.text()), format!("mif:/api/v1/equipements/{id}"));
}

#[actix_web::test]
async fn a_nasty_name_stays_text() {
    let app = App::start().await;
    let token = app.admin().await;
    let body = json!({
        "nom": "<script>alert('1')</script>\" & Cie\u{ffff}", "code": "\"/><a>", "type": "x", "localisation": "]]><b>"
    });
    let made = app.post("/api/v1/equipements", &token, body).await.expect(201);
    let path = format!("{}/etiquette.svg", made.header("location").unwrap());
    let label = app.get(&path, &token).await.expect(200);
    let svg = label.text();
    for broken in ["<script", "<a>", "<b>", "]]>", "& ", "\u{ffff}"] {
        assert!(!svg.contains(broken), "{broken} in {svg}");
    }
    assert!(svg.contains("&lt;script&gt;"), "{svg}");
    assert!(
        svg.contains("<title>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; &amp; Cie\u{fffd}</title>"),
        "{svg}"
    );
    // What is left between tags is balanced.
    assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    assert_eq!(label.header("content-type").as_deref(), Some("image/svg+xml"));
    assert_eq!(label.header("content-security-policy").as_deref(), Some("default-src 'none'; frame-ancestors 'none'"));
    assert_eq!(label.header("x-content-type-options").as_deref(), Some("nosniff"));
    let id = made.json()["id"].clone();
    assert_eq!(label.header("content-disposition"), Some(format!("inline; filename=\"equipement-{id}.svg\"")));
}

#[actix_web::test]
async fn a_label_that_is_known_is_not_sent_again() {
    let app = App::start().await;
    let token = app.admin().await;
    let path = format!("/api/v1/equipements/{}/etiquette.svg", app.machine("Presse", None).await);
    let etag = app.get(&path, &token).await.expect(200).header("etag").unwrap();
    let again = bearer(TestRequest::get().uri(&path), &token).insert_header(("if-none-match", etag));
    assert!(app.send(again).await.expect(304).body.is_empty());
}

#[actix_web::test]
async fn labels_are_for_those_who_see_the_machine() {
    let app = App::start().await;
    let customer = app.customer("Conserverie Atlas").await;
    app.user("leila", Role::Customer, Some(customer)).await;
    let own = app.machine("Sertisseuse", Some(customer)).await;
    let others = app.machine("Pompe", None).await;
    let token = app.sign_in("leila").await.access;
    app.get(&format!("/api/v1/equipements/{own}/etiquette.svg"), &token).await.expect(200);
    let hidden = app.get(&format!("/api/v1/equipements/{others}/etiquette.svg"), &token).await;
    hidden.expect_problem(404, "introuvable");
}
