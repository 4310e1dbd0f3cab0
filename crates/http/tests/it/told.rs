//! What a request leaves in the log, through its real set-up. What it leaves in traces is for the journeys to see.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use mif_domain::users::Role;
use mif_telemetry::{LogFormat, OtlpProtocol, TelemetrySettings};
use serde_json::{Value, json};
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

use crate::app::{Answer, App, bearer};

/// Everything that this thread tells until it is dropped.
struct Told {
    written: Written,
    _here: DefaultGuard,
}

/// As long as there is only one subscriber, `tracing` asks the thread that meets a span first whether anybody wants it, and
/// keeps the answer for all: that of a test beside this one, which has none. With two it asks them.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Told {
    fn from_here() -> Self {
        Self::filtered("info,mif_http=debug")
    }

    fn filtered(directives: &str) -> Self {
        let settings = TelemetrySettings {
            format: LogFormat::Json,
            filter: directives.to_owned(),
            otlp_endpoint: None,
            otlp_protocol: OtlpProtocol::Grpc,
            service_name: "mif".to_owned(),
            service_version: "test",
            sample_ratio: 1.0,
        };
        LazyLock::force(&ANOTHER);
        let written = Written::default();
        let sink = written.clone();
        let (dispatch, _traces) = mif_telemetry::assemble(&settings, move || sink.clone(), false).unwrap();
        Self { written, _here: tracing::dispatcher::set_default(&dispatch) }
    }

    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The lines of one request.
    fn of(&self, answer: &Answer) -> Vec<Value> {
        let id = answer.header("x-request-id").unwrap();
        self.lines().into_iter().filter(|line| line["request_id"] == id).collect()
    }
}

#[actix_web::test]
async fn every_line_of_a_request_names_its_span_and_its_route() {
    let told = Told::from_here();
    let app = App::start().await;
    app.user("nadia", Role::Admin, None).await;
    let first = app.sign_in("nadia").await;
    let refresh = async |token: &str| {
        let body = json!({ "refresh_token": token });
        app.send(TestRequest::post().uri("/api/v1/auth/refresh/").set_json(body)).await
    };
    let second = refresh(&first.refresh).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
    refresh(&second).await.expect(200);
    // A token that was used up makes a line before the answer.
    let reused = refresh(&first.refresh).await.expect(401);
    let lines = told.of(&reused);
    assert!(lines.len() >= 2, "{lines:#?}");
    let traceparent = reused.header("traceparent").unwrap();
    for line in &lines {
        assert_eq!(line["trace_id"], traceparent[3..35], "{line}");
        assert_eq!(line["span_id"], traceparent[36..52], "{line}");
        assert_eq!(line["route"], "/api/v1/auth/refresh", "{line}");
    }
    let answered = lines.last().unwrap();
    assert_eq!((&answered["message"], &answered["status"]), (&Value::from("answered"), &Value::from(401)));
    assert!(answered["duration_ms"].is_number(), "{answered}");

    let nowhere = app.send(TestRequest::get().uri("/nulle/part")).await.expect(404);
    assert!(told.of(&nowhere).iter().all(|line| line.get("route").is_none()), "{:#?}", told.of(&nowhere));
}

#[actix_web::test]
async fn a_warning_says_whose_it_is_where_nothing_else_is_logged() {
    let told = Told::filtered("warn");
    let app = App::start().await;
    app.user("nadia", Role::Admin, None).await;
    let first = app.sign_in("nadia").await;
    let refresh = async |token: &str| {
        let body = json!({ "refresh_token": token });
        app.send(TestRequest::post().uri("/api/v1/auth/refresh").set_json(body)).await
    };
    let second = refresh(&first.refresh).await.expect(200).json()["refresh_token"].as_str().unwrap().to_owned();
    refresh(&second).await.expect(200);
    let reused = refresh(&first.refresh).await.expect(401);
    let lines = told.of(&reused);
    assert_eq!(lines.len(), 1, "{:#?}", told.lines());
    let traceparent = reused.header("traceparent").unwrap();
    let line = &lines[0];
    assert_eq!(
        (&line["level"], &line["route"]),
        (&Value::from("WARN"), &Value::from("/api/v1/auth/refresh")),
        "{line}"
    );
    assert_eq!(
        (&line["trace_id"], &line["span_id"]),
        (&traceparent[3..35].into(), &traceparent[36..52].into()),
        "{line}"
    );
}

/// `competences` fits two templates, and only one of them takes this method.
#[actix_web::test]
async fn the_last_line_names_the_route_that_was_taken() {
    let told = Told::from_here();
    let app = App::start().await;
    let token = app.admin().await;
    let patch = TestRequest::default().method(Method::PATCH).uri("/api/v1/techniciens/competences");
    let answer = app.send(bearer(patch, &token).set_json(json!({}))).await;
    let lines = told.of(&answer);
    assert_eq!(lines.last().unwrap()["route"], "/api/v1/techniciens/{id}", "{lines:#?}");
}
