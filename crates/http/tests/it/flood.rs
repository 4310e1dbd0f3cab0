//! The flood guard: who is counted together, and what clients are told.

use actix_web::test::TestRequest;
use mif_domain::users::Role;
use mif_http::{FloodGuard, FloodLimits};

use crate::app::{Answer, App, Options, bearer};

/// Small enough to be used up at once, and slow enough to come back that a loaded machine does not notice.
const SMALL: FloodLimits = FloodLimits { burst: 5, per_second: 1, per_address_per_minute: 100_000 };

async fn guarded(limits: FloodLimits) -> App {
    let guard = FloodGuard::new(limits);
    assert!(guard.is_some());
    App::start_with(Options { guard, ..Options::default() }).await
}

/// Asks until it is too much. Returns how many were answered, and the refusal.
async fn until_refused(app: &App, token: &str) -> (usize, Answer) {
    for answered in 0..50 {
        let answer = app.get("/api/v1/auth/me", token).await;
        if answer.status.as_u16() == 429 {
            return (answered, answer.expect_problem(429, "trop_de_requetes"));
        }
    }
    panic!("nobody was refused");
}

#[actix_web::test]
async fn every_session_has_a_share_of_its_own() {
    let app = guarded(SMALL).await;
    app.user("karim", Role::Technician, None).await;
    app.user("salma", Role::Technician, None).await;
    let (karim, salma) = (app.sign_in("karim").await.access, app.sign_in("salma").await.access);
    let (answered, refusal) = until_refused(&app, &karim).await;
    assert!((5..10).contains(&answered), "{answered}");
    assert_eq!(refusal.header("ratelimit-policy").as_deref(), Some("\"appelant\";q=5;w=5, \"adresse\";q=100000;w=60"));
    assert_eq!(refusal.header("ratelimit").as_deref(), Some("\"appelant\";r=0;t=1"));
    assert_eq!(refusal.header("retry-after").as_deref(), Some("1"));
    app.get("/api/v1/auth/me", &salma).await.expect(200);
    let (answered, _) = until_refused(&app, "").await;
    assert!(answered > 0, "the address has a share as well");
    app.get("/api/v1/auth/me", &salma).await.expect(200);
}

#[actix_web::test]
async fn tokens_that_are_not_ours_count_by_address_and_against_nobody_else() {
    let app = guarded(SMALL).await;
    app.user("karim", Role::Technician, None).await;
    let token = app.sign_in("karim").await.access;
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut refused = 0;
    for n in 0..20 {
        // As many invented sessions, and the very session with another signature.
        let invented = if n % 2 == 0 { format!("{n}.e30.AAAA") } else { format!("{message}.{n}{}", &signature[2..]) };
        refused += usize::from(app.get("/api/v1/auth/me", &invented).await.status.as_u16() == 429);
    }
    assert!(refused >= 10, "{refused} of 20 were refused");
    app.get("/api/v1/auth/me", &token).await.expect(200);
}

#[actix_web::test]
async fn a_session_has_one_share_however_often_it_is_refreshed() {
    let app = guarded(FloodLimits { burst: 10, ..SMALL }).await;
    app.user("karim", Role::Technician, None).await;
    let first = app.sign_in("karim").await;
    let request = TestRequest::post().uri("/api/v1/auth/refresh");
    let body = serde_json::json!({"refresh_token": first.refresh});
    let second = app.send(request.set_json(body)).await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
    until_refused(&app, &first.access).await;
    let (answered, _) = until_refused(&app, &second).await;
    assert!(answered < 5, "{answered} more");
}

#[actix_web::test]
async fn an_address_has_a_ceiling_for_all_its_sessions() {
    let app = guarded(FloodLimits { burst: 100, per_second: 100, per_address_per_minute: 6 }).await;
    app.user("karim", Role::Technician, None).await;
    app.user("salma", Role::Technician, None).await;
    let (karim, salma) = (app.sign_in("karim").await.access, app.sign_in("salma").await.access);
    for token in [&karim, &salma, &karim, &salma] {
        app.get("/api/v1/auth/me", token).await.expect(200);
    }
    let refusal = app.get("/api/v1/auth/me", &salma).await.expect_problem(429, "trop_de_requetes");
    assert!(
        refusal.header("ratelimit").unwrap().starts_with("\"adresse\";r=0;t="),
        "{:?}",
        refusal.header("ratelimit")
    );
    let elsewhere = bearer(TestRequest::get().uri("/api/v1/auth/me"), &salma);
    app.send_from("203.0.114.1:4000", elsewhere).await.expect(200);
}

#[actix_web::test]
async fn an_ipv6_network_counts_as_one_address() {
    let app = guarded(FloodLimits { burst: 100, per_second: 100, per_address_per_minute: 2 }).await;
    let me = || TestRequest::get().uri("/api/v1/auth/me");
    app.send_from("[2001:db8:0:1::1]:4000", me()).await.expect(401);
    app.send_from("[2001:db8:0:1:ffff::2]:4000", me()).await.expect(401);
    app.send_from("[2001:db8:0:1::3]:4000", me()).await.expect(429);
    app.send_from("[2001:db8:0:2::3]:4000", me()).await.expect(401);
    app.send_from("[::ffff:203.0.113.1]:4000", me()).await.expect(401);
    app.send_from("203.0.113.1:4000", me()).await.expect(401);
    app.send_from("203.0.113.1:4000", me()).await.expect(429);
}

#[actix_web::test]
async fn answers_tell_what_is_left() {
    let app = guarded(FloodLimits { burst: 120, per_second: 2, per_address_per_minute: 6000 }).await;
    let token = app.admin().await;
    let left = async || {
        let answer = app.get("/api/v1/auth/me", &token).await.expect(200);
        let policies = "\"appelant\";q=120;w=60, \"adresse\";q=6000;w=60";
        assert_eq!(answer.header("ratelimit-policy").as_deref(), Some(policies));
        let text = answer.header("ratelimit").unwrap();
        let left = text.strip_prefix("\"appelant\";r=").and_then(|rest| rest.split(';').next());
        left.and_then(|number| number.parse::<u32>().ok()).unwrap_or_else(|| panic!("{text}"))
    };
    assert_eq!(left().await, 119);
    assert!(left().await >= 118);
    let missing = app.get("/api/v1/nulle-part", &token).await.expect(404);
    assert!(missing.header("ratelimit").is_some(), "what is counted is told");
    let (anonymous, probe) = (app.get("/api/v1/auth/me", "").await, app.get("/api/v1/health", "").await);
    assert!(anonymous.header("ratelimit").is_some());
    assert_eq!(probe.header("ratelimit"), None);
}

#[actix_web::test]
async fn a_page_with_a_hundred_requests_is_not_held_up() {
    let app = guarded(FloodLimits { burst: 120, per_second: 2, per_address_per_minute: 6000 }).await;
    let token = app.admin().await;
    for _ in 0..100 {
        app.get("/api/v1/auth/me", &token).await.expect(200);
    }
}

#[test]
fn a_limit_of_nothing_is_no_limit() {
    for (burst, per_second, per_address_per_minute) in [(0, 1, 1), (1, 0, 1), (1, 1, 0)] {
        assert!(FloodGuard::new(FloodLimits { burst, per_second, per_address_per_minute }).is_none());
    }
}
