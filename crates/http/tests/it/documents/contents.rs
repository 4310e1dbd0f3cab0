//! Contents as they are handed out.

use super::*;

#[actix_web::test]
async fn a_content_is_a_download_and_nothing_that_runs() {
    let plant = Plant::new().await;
    let document = plant.stored("manuel.pdf", PDF).await;
    let answer = plant.content(&document, &[]).await.expect(200);
    assert_eq!(answer.body, PDF);
    let header = |name: &str| answer.header(name).unwrap_or_default();
    assert_eq!(header("content-type"), "application/pdf");
    assert_eq!(header("content-disposition"), "attachment; filename=\"manuel.pdf\"; filename*=UTF-8''manuel.pdf");
    assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'; frame-ancestors 'none'");
    assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff".into(), "no-store".into()));
    assert_eq!(header("etag"), format!("\"{}\"", document["sha256"].as_str().unwrap()));
    assert_eq!(header("accept-ranges"), "bytes");
}

#[actix_web::test]
async fn no_name_leaves_its_header() {
    let plant = Plant::new().await;
    for (name, plain, full) in [
        ("a\\\"; x=\\\"b.txt", "a_; x=_b.txt", "a%22%3B%20x%3D%22b.txt"),
        ("relevé 100%25.txt", "relev_ 100_25.txt", "relev%C3%A9%20100%2525.txt"),
        ("تقرير.txt", "_____.txt", "%D8%AA%D9%82%D8%B1%D9%8A%D8%B1.txt"),
    ] {
        let document = plant.stored(name, b"texte").await;
        let answer = plant.content(&document, &[]).await.expect(200);
        let expected = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{full}");
        assert_eq!(answer.header("content-disposition"), Some(expected));
    }
}

#[actix_web::test]
async fn a_part_is_handed_out_as_a_part() {
    let plant = Plant::new().await;
    let content: Vec<u8> = (0..200_000_u32).map(|n| b'a' + u8::try_from(n % 26).unwrap()).collect();
    let document = plant.stored("releve.txt", &content).await;
    for (range, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=65530-65545", 65_530, 65_546),
        ("bytes=199990-", 199_990, 200_000),
        ("bytes=-7", 199_993, 200_000),
        ("bytes=10-9999999", 10, 200_000),
    ] {
        let part = plant.content(&document, &[("range", range)]).await.expect(206);
        assert_eq!(part.header("content-range"), Some(format!("bytes {start}-{}/200000", end - 1)));
        assert_eq!(part.body, content[start..end], "{range}");
    }
    for whole in ["bytes=0-1,5-6", "octets=0-1", "bytes=5-1"] {
        assert_eq!(plant.content(&document, &[("range", whole)]).await.expect(200).body.len(), 200_000, "{whole}");
    }
    let beyond = plant.content(&document, &[("range", "bytes=200000-")]).await.expect_problem(416, "plage_invalide");
    assert_eq!(beyond.header("content-range").as_deref(), Some("bytes */200000"));
}

#[actix_web::test]
async fn a_part_of_another_version_is_the_whole() {
    let plant = Plant::new().await;
    let document = plant.stored("manuel.pdf", PDF).await;
    let tag = format!("\"{}\"", document["sha256"].as_str().unwrap());
    let range = ("range", "bytes=0-3");
    assert_eq!(plant.content(&document, &[range, ("if-range", &tag)]).await.expect(206).body, b"%PDF");
    for other in ["\"other\"", &format!("W/{tag}"), "Fri, 20 Nov 2026 08:00:00 GMT"] {
        assert_eq!(plant.content(&document, &[range, ("if-range", other)]).await.expect(200).body, PDF, "{other}");
    }
}

#[actix_web::test]
async fn what_is_known_is_not_sent_again_and_a_head_has_no_body() {
    let plant = Plant::new().await;
    let document = plant.stored("manuel.pdf", PDF).await;
    let tag = format!("\"{}\"", document["sha256"].as_str().unwrap());
    let known = plant.content(&document, &[("if-none-match", &tag)]).await.expect(304);
    assert_eq!((known.body.len(), known.header("etag")), (0, Some(tag)));
    let head = plant.asked(Method::HEAD, &document, &[]).await.expect(200);
    assert_eq!(head.header("content-type").as_deref(), Some("application/pdf"));
}

#[actix_web::test]
async fn an_infected_content_is_not_handed_out_whatever_is_known_of_it() {
    let plant = Plant::new().await;
    let document = plant.stored("manuel.pdf", PDF).await;
    let mut work = plant.app.core.work.begin().await.unwrap();
    let signature = Some(Line::parse("Win.Worm").unwrap());
    let id = DocumentId(document["id"].as_i64().unwrap());
    assert!(work.documents().set_analysis(id, Analysis::Infected, signature).await.unwrap());
    work.commit().await.unwrap();
    let tag = format!("\"{}\"", document["sha256"].as_str().unwrap());
    for headers in [vec![], vec![("range", "bytes=0-3")], vec![("if-none-match", tag.as_str())]] {
        let refused = plant.content(&document, &headers).await.expect_problem(409, "document_infecte");
        assert_eq!(refused.json()["signature"], "Win.Worm");
    }
    let list = plant.app.get("/api/v1/documents?analyse=infectee", &plant.token).await.expect(200).json();
    assert_eq!((&list[0]["analyse"], &list[0]["signature"]), (&json!("infectee"), &json!("Win.Worm")));
}

#[actix_web::test]
async fn a_content_that_cannot_be_read_says_nothing_of_itself() {
    let plant = Plant::new().await;
    let document = plant.stored("manuel.pdf", PDF).await;
    plant.app.files.remove_key("first");
    let lost = plant.content(&document, &[]).await.expect_problem(503, "service_indisponible");
    assert!(!lost.text().contains("first"), "{}", lost.text());
}

#[actix_web::test]
async fn a_deleted_document_is_gone() {
    let plant = Plant::new().await;
    let document = plant.stored("manuel.pdf", PDF).await;
    let path = format!("/api/v1/documents/{}", document["id"]);
    let stale = bearer(TestRequest::delete().uri(&path), &plant.token).insert_header(("if-match", "\"2-x\""));
    plant.app.send(stale).await.expect_problem(412, "version_perimee");
    plant.app.delete(&path, &plant.token).await.expect(204);
    plant.app.delete(&path, &plant.token).await.expect_problem(404, "introuvable");
    plant.content(&document, &[]).await.expect_problem(404, "introuvable");
}

#[actix_web::test]
async fn a_machine_with_documents_stays() {
    let plant = Plant::new().await;
    plant.stored("manuel.pdf", PDF).await;
    let path = format!("/api/v1/equipements/{}", plant.machine);
    let refused = plant.app.delete(&path, &plant.token).await;
    assert_eq!(refused.status.as_u16(), 409, "{}", refused.text());
}
