//! What is measured, and that nobody can make it grow.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use metrics_exporter_prometheus::PrometheusBuilder;
use mif_http::{FloodGuard, FloodLimits};

use crate::app::{App, Options};

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
