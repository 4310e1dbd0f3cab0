//! What is measured, and that nobody can make it grow.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use mif_domain::users::Role;
use mif_http::{FloodGuard, FloodLimits};
use serde_json::json;

use crate::app::{App, Options};
use crate::mfa::{challenge, enrol, verify};

#[actix_web::test]
async fn made_up_paths_and_methods_leave_the_number_of_series_flat() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let guard = FloodGuard::new(FloodLimits { burst: 5, per_second: 1, per_address_per_minute: 5 });
    let app = App::start_with(Options { guard, ..Options::default() }).await;
    let ask = async |number: usize| {
        let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
        let path = match number % 4 {
            0 => format!("/made/up/{number}"),
            1 => format!("/api/v1/equipements/{number}"),
            2 => format!("/api/v1/{number}"),
            _ => format!("/api/v1/documents/{number}?q={number}"),
        };
        let request = TestRequest::default().uri(&path);
        let request = if number % 8 < 4 { request.method(method) } else { request };
        app.send_from(&format!("203.0.113.{}:4000", number % 256), request).await;
    };
    // 10 000, and before them as many as it takes to have met every outcome.
    for number in 0..3_000 {
        ask(number).await;
    }
    let series = || {
        let page = measured.render();
        page.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count()
    };
    let page = measured.render();
    for expected in [
        "method=\"_OTHER\"",
        "route=\"/api/v1/equipements/{id}\"",
        "http_limiter_decisions_total{limit=\"adresse\",decision=\"refused\"}",
        "http_limiter_decisions_total{limit=\"appelant\",decision=\"allowed\"}",
    ] {
        assert!(page.contains(expected), "{expected} is missing in\n{page}");
    }
    let before = series();
    for number in 3_000..13_000 {
        ask(number).await;
    }
    assert_eq!(series(), before, "{}", measured.render());
    assert!(before < 500, "{before} series");
}

/// What a series says; 0 when it is not there.
fn value(measured: &PrometheusHandle, series: &str) -> u64 {
    let page = measured.render();
    let found = page.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok());
    found.unwrap_or_default()
}

#[actix_web::test]
async fn a_sign_in_in_two_steps_counts_as_both() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let app = App::start().await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    let counts = || {
        ["success", "second_factor", "refused", "error"]
            .map(|result| value(&measured, &format!("auth_logins_total{{result=\"{result}\"}}")))
    };
    assert_eq!(counts(), [1, 0, 0, 0]);
    let (_, codes) = enrol(&app, &token).await;
    let defi = challenge(&app).await;
    assert_eq!(counts(), [1, 1, 0, 0]);
    verify(&app, &defi, "nonsense").await.expect(401);
    assert_eq!(counts(), [1, 1, 1, 0]);
    verify(&app, &defi, &codes[0]).await.expect(200);
    assert_eq!(counts(), [2, 1, 1, 0]);
    verify(&app, &defi, &codes[1]).await.expect(401);
    assert_eq!(counts(), [2, 1, 2, 0]);
}

#[actix_web::test]
async fn what_cannot_be_a_refresh_token_counts_as_refused() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _here = metrics::set_default_local_recorder(&recorder);
    let app = App::start().await;
    let body = json!({"refresh_token": "rubbish"});
    app.send(TestRequest::post().uri("/api/v1/auth/refresh").set_json(body)).await.expect(401);
    assert_eq!(value(&measured, "auth_refreshes_total{outcome=\"refused\"}"), 1);
}
