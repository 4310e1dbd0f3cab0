//! Lists, and who sees what in them.

use super::*;

#[actix_web::test]
async fn lists_are_filtered_sorted_and_paged() {
    let plant = Plant::new().await;
    let other = plant.app.machine("Pompe", None).await;
    for (name, size) in [("c.txt", 30), ("a.txt", 10), ("b.txt", 20)] {
        plant.stored(name, &vec![b'x'; size]).await;
    }
    let form = Form::default().field("equipement_id", &other.to_string()).file("d.txt", b"d");
    plant.app.send(form.to("/api/v1/documents", &plant.token)).await.expect(201);

    let names = async |path: &str| -> Vec<String> {
        let list = plant.app.get(path, &plant.token).await.expect(200).json();
        list.as_array().unwrap().iter().map(|row| row["filename"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/api/v1/documents").await, ["c.txt", "a.txt", "b.txt", "d.txt"]);
    assert_eq!(names(&format!("/api/v1/documents?equipement_id={other}")).await, ["d.txt"]);
    assert_eq!(names(&format!("/api/v1/equipements/{other}/documents")).await, ["d.txt"]);
    assert_eq!(names("/api/v1/documents?tri=filename").await, ["a.txt", "b.txt", "c.txt", "d.txt"]);
    assert_eq!(names("/api/v1/documents?tri=-taille").await, ["c.txt", "b.txt", "a.txt", "d.txt"]);
    assert!(names("/api/v1/documents?analyse=non_analyse").await.is_empty());

    let mut seen = Vec::new();
    let mut next = Some(format!("/api/v1/equipements/{}/documents?limit=2&total=true", plant.machine));
    while let Some(path) = next {
        let page = plant.app.get(&path, &plant.token).await.expect(200);
        assert_eq!(page.header("x-total-count").as_deref(), Some("3"));
        seen.extend(page.json().as_array().unwrap().iter().map(|row| row["filename"].as_str().unwrap().to_owned()));
        let link = page.header("link");
        next = link.map(|link| link.trim_start_matches('<').split('>').next().unwrap().to_owned());
    }
    assert_eq!(seen, ["c.txt", "a.txt", "b.txt"]);
    let both = plant.app.get("/api/v1/documents?equipement_id=1&intervention_id=1", &plant.token).await;
    both.expect_problem(422, "validation");
}

#[actix_web::test]
async fn customers_never_see_what_is_internal_nor_whose_it_is_not() {
    let plant = Plant::new().await;
    let app = &plant.app;
    let (own, other) = (app.customer("Conserverie Atlas").await, app.customer("Textiles du Souss").await);
    app.user("leila", Role::Customer, Some(own)).await;
    app.user("stranger", Role::Customer, Some(other)).await;
    let technician = app.technician("karim").await.id;
    let machine = app.machine("Sertisseuse", Some(own)).await;
    let work = app.intervention(machine, technician, Some(own)).await;
    let at = format!("/api/v1/documents?intervention_id={work}");
    let internal = app.send(Form::default().file("interne.pdf", PDF).to(&at, &plant.token)).await.expect(201).json();
    let open = format!("{at}&interne=false");
    let open = app.send(Form::default().file("ouvert.pdf", PDF).to(&open, &plant.token)).await.expect(201).json();
    let leila = app.sign_in("leila").await.access;
    let theirs = app.send(Form::default().file("photo.pdf", PDF).to(&format!("{at}&interne=true"), &leila)).await;
    let theirs = theirs.expect(201).json();
    assert_eq!(theirs["interne"], false);

    for path in [&at, &"/api/v1/documents".to_owned(), &format!("/api/v1/interventions/{work}/documents")] {
        let query = if path.contains('?') { "&total=true" } else { "?total=true" };
        let list = app.get(&format!("{path}{query}"), &leila).await.expect(200);
        assert_eq!(list.header("x-total-count").as_deref(), Some("2"), "{path}");
        assert!(!list.text().contains("interne.pdf"), "{path}");
    }
    for (document, status) in [(&internal, 404), (&open, 200), (&theirs, 200)] {
        let path = format!("/api/v1/documents/{}", document["id"]);
        app.get(&path, &leila).await.expect(status);
        app.get(document["path"].as_str().unwrap(), &leila).await.expect(status);
        app.delete(&path, &leila).await.expect(if status == 200 { 403 } else { 404 });
    }
    let machines = format!("/api/v1/equipements/{machine}/documents");
    app.get(&machines, &leila).await.expect_problem(403, "permission_refusee");
    let put = Form::default().file("a.pdf", PDF).to(&format!("/api/v1/documents?equipement_id={machine}"), &leila);
    app.send(put).await.expect_problem(403, "permission_refusee");

    let stranger = app.sign_in("stranger").await.access;
    assert_eq!(app.get("/api/v1/documents", &stranger).await.expect(200).json(), json!([]));
    app.get(&at, &stranger).await.expect_problem(404, "introuvable");
    app.get(&machines, &stranger).await.expect_problem(404, "introuvable");
    app.get(open["path"].as_str().unwrap(), &stranger).await.expect_problem(404, "introuvable");
    app.send(Form::default().file("a.pdf", PDF).to(&at, &stranger)).await.expect_problem(404, "introuvable");
}
