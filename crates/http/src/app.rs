//! The actix application.

use actix_cors::Cors;
use actix_governor::Governor;
use actix_web::body::MessageBody;
use actix_web::dev::{Service as _, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, Uri};
use actix_web::middleware::{Condition, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, Error};
use utoipa_actix_web::scope;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::deadline::in_time;
use crate::edge::edge;
use crate::fallback::not_here;
use crate::routes::{
    audit, auth, customers, docs, document_content, documents, equipment, equipment_import, equipment_label, health,
    intervention_actions, interventions, jwks, letters, metrics, mfa, notifications, technicians, users,
};
use crate::unread::cut_off;
use crate::{ApiState, FloodGuard};

/// Builds the application. Middleware, from the outside in:
///
/// 1. the end of bodies that nobody reads;
/// 2. the edge: names the request, writes errors, adds the headers that every answer has;
/// 3. CORS, when origins are allowed: so that even a refusal can be read by such a page;
/// 4. the deadline, and the end of panics;
/// 5. trailing slashes under `/api/` go, because collections answer with and without; HEAD becomes GET;
/// 6. routing;
/// 7. under `/api/v1`, the flood guard: probes and pages are not counted.
pub fn app(
    state: Data<ApiState>,
    origins: &[String],
    guard: Option<&FloodGuard>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    App::new()
        .configure(|config| served(config, guard))
        .app_data(state)
        .app_data(Data::new(docs::config()))
        .default_service(web::to(not_here))
        .wrap_fn(|mut request, service| {
            trim_slash(&mut request);
            if request.method() == Method::HEAD {
                // The answer to GET; the server sends its head alone.
                request.head_mut().method = Method::GET;
            }
            service.call(request)
        })
        .wrap(from_fn(in_time))
        .wrap(Condition::new(!origins.is_empty(), cors(origins)))
        .wrap(from_fn(edge))
        .wrap(from_fn(cut_off))
}

/// The routes under `/api/v1`: one list for the application and for the document, which are built by different types.
macro_rules! with_api_routes {
    ($scope:expr) => {
        $scope
            .service(auth::issue_token)
            .service(auth::sign_in)
            .service(auth::refresh_token)
            .service(auth::sign_out)
            .service(auth::who_am_i)
            .service(auth::change_password)
            .service(letters::request_reset)
            .service(letters::confirm_reset)
            .service(letters::confirm_email)
            .service(mfa::verify)
            .service(mfa::enrol)
            .service(mfa::confirm)
            .service(mfa::replace_codes)
            .service(mfa::turn_off)
            .service(auth::list_sessions)
            .service(auth::close_other_sessions)
            .service(auth::read_session)
            .service(auth::close_session)
            .service(users::list)
            .service(users::create)
            .service(users::me)
            .service(users::update_profile)
            .service(users::read)
            .service(users::update)
            .service(users::deactivate)
            .service(users::activate)
            .service(users::unlock)
            .service(users::set_password)
            .service(letters::invite)
            .service(mfa::reset)
            .service(customers::list)
            .service(customers::create)
            .service(customers::read)
            .service(customers::update)
            .service(customers::remove)
            .service(technicians::list)
            .service(technicians::create)
            // Before `{id}`, which would take the word for an identifier.
            .service(technicians::list_skills)
            .service(technicians::create_skill)
            .service(technicians::read)
            .service(technicians::update)
            .service(technicians::archive)
            .service(technicians::load)
            .service(technicians::set_skills)
            .service(notifications::list)
            .service(notifications::list_mine)
            .service(notifications::list_of_user)
            .service(notifications::mark_all_read)
            .service(notifications::mark_read)
            .service(interventions::list)
            .service(interventions::list_filtered)
            .service(interventions::create)
            .service(interventions::read)
            .service(interventions::update)
            .service(intervention_actions::change_status)
            .service(intervention_actions::assign)
            .service(intervention_actions::take)
            .service(intervention_actions::plan)
            .service(intervention_actions::history)
            .service(intervention_actions::comment)
            .service(intervention_actions::candidates)
            .service(equipment::list)
            .service(equipment::create)
            .service(equipment::read)
            .service(equipment::update)
            .service(equipment::remove)
            .service(interventions::of_equipment)
            .service(equipment_import::import)
            .service(equipment_label::read)
            .service(documents::deposit)
            .service(documents::deposit_alias)
            .service(documents::list)
            .service(documents::of_intervention)
            .service(documents::of_equipment)
            .service(documents::read)
            .service(documents::remove)
            .service(document_content::download)
            .service(audit::list)
            .service(audit::checkpoint)
    };
}

/// The other routes.
macro_rules! with_other_routes {
    ($config:expr) => {
        $config
            .service(health::live)
            .service(health::liveness)
            .service(health::ready)
            .service(health::readiness_alias)
            .service(health::health)
            .service(metrics::metrics)
            .service(jwks::keys)
            .service(docs::document)
            .service(docs::redirect)
            .service(docs::page)
    };
}

/// Every route, as it is served. Without the document: building that in every worker would cost megabytes.
fn served(config: &mut web::ServiceConfig, guard: Option<&FloodGuard>) {
    let (counts, guard) = (guard.is_some(), guard.cloned().unwrap_or_else(FloodGuard::off));
    let share = Condition::new(counts, Governor::new(guard.share()));
    let ceiling = Condition::new(counts, Governor::new(guard.ceiling()));
    let api = with_api_routes!(web::scope("/api/v1")).wrap(share).wrap(ceiling).wrap_fn(move |request, service| {
        let (answer, guard) = (service.call(request), counts.then(|| guard.clone()));
        async move {
            let mut answer = answer.await?;
            guard.inspect(|guard| guard.tell(&mut answer));
            Ok(answer)
        }
    });
    // The alias stands before the scope, so that it is not counted: it is a probe.
    config.service(health::health_alias).service(metrics::metrics_alias).service(metrics::health_metrics).service(api);
    with_other_routes!(config);
}

/// Every route, as it is documented.
pub(crate) fn documented(config: &mut ServiceConfig<'_>) {
    config
        .service(health::health_alias)
        .service(metrics::metrics_alias)
        .service(metrics::health_metrics)
        .service(with_api_routes!(scope::scope("/api/v1")));
    with_other_routes!(config);
}

fn cors(origins: &[String]) -> Cors {
    let allowed = [
        "authorization",
        "content-type",
        "accept-language",
        "if-match",
        "if-none-match",
        "idempotency-key",
        "range",
        "x-request-id",
        "traceparent",
    ];
    let exposed = [
        "link",
        "x-total-count",
        "etag",
        "location",
        "x-request-id",
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "content-disposition",
        "content-range",
    ];
    let cors = Cors::default()
        .allowed_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allowed_headers(allowed)
        .expose_headers(exposed)
        // A page of another origin does not get to read the answer; whether it may act is for the token to say.
        .block_on_origin_mismatch(false)
        .max_age(600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}

fn trim_slash(request: &mut ServiceRequest) {
    let path = request.path();
    if !path.starts_with("/api/") || !path.ends_with('/') {
        return;
    }
    let trimmed = path.trim_end_matches('/');
    let target = match request.uri().query() {
        Some(query) => format!("{trimmed}?{query}"),
        None => trimmed.to_owned(),
    };
    if let Ok(uri) = target.parse::<Uri>() {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}
