//! The OpenAPI document: collected from the routes themselves, then completed with what every route has in common.

use actix_web::App;
use utoipa::PartialSchema as _;
use utoipa::ToSchema;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required,
    ResponseBuilder, SecurityRequirement, Type,
};
use utoipa_actix_web::AppExt as _;

use crate::app::documented;
use crate::openapi::limits::{bound_body, bound_parameter};
use crate::problem::{FieldProblemBody, MEDIA_TYPE, Problem};

mod limits;

const DESCRIPTION: &str = "Maintenance management: accounts, sessions, customers, technicians, equipment, \
    interventions and notifications.\n\n\
    Sign in at `/auth/token`, send the access token as `Authorization: Bearer`, renew it at `/auth/refresh`. \
    Lists are arrays; the way to the next page is in `Link`. `ETag` and `If-Match` protect edits. \
    Errors are `application/problem+json` with a stable `code`; messages are French, or English with \
    `Accept-Language: en`. An unknown field or parameter is refused with 422.";

/// The whole document.
pub fn document() -> OpenApi {
    let (_, mut document) = App::new().into_utoipa_app().configure(documented).split_for_parts();
    document.info = InfoBuilder::new()
        .title("MIF")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("AGPL-3.0-or-later").identifier(Some("AGPL-3.0-or-later")).build()))
        .build();
    let components = document.components.get_or_insert_default();
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("jeton", SecurityScheme::Http(bearer));
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(FieldProblemBody::name().into_owned(), FieldProblemBody::schema());
    components.schemas.values_mut().for_each(bound_body);
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
        operations.into_iter().flatten().for_each(complete);
    }
    document
}

/// Routes that do with no body at all. The macro can only say so of a body that may be `null`, which is another thing.
const BODY_OPTIONAL: [&str; 1] = ["seDeconnecter"];

/// What every answer carries.
const NAMES: [(&str, &str); 2] = [
    ("X-Request-ID", "Names the request in the logs"),
    ("traceparent", "Names the request in traces (W3C Trace Context)"),
];

/// What every answer carries that refuses one request too many.
const LIMITS: [(&str, &str); 3] = [
    ("Retry-After", "Seconds until another request is taken"),
    ("RateLimit-Policy", "What is allowed (draft-ietf-httpapi-ratelimit-headers)"),
    ("RateLimit", "What is left of it"),
];

/// Adds what is the same everywhere: who may call, and how it can fail.
fn complete(operation: &mut Operation) {
    operation.parameters.iter_mut().flatten().for_each(bound_parameter);
    if operation.operation_id.as_deref().is_some_and(|id| BODY_OPTIONAL.contains(&id))
        && let Some(RefOr::T(body)) = &mut operation.request_body
    {
        body.required = Some(Required::False);
    }
    let open = operation.security.as_ref().is_some_and(|needed| needed.contains(&SecurityRequirement::default()));
    let has_body = operation.request_body.is_some();
    let has_input = has_body || operation.parameters.as_ref().is_some_and(|parameters| !parameters.is_empty());
    if open {
        operation.security = Some(Vec::new());
    } else {
        operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("jeton", [])]);
    }
    let common = [
        (
            400,
            has_input,
            "`json_invalide`, `formulaire_invalide`, `requete_invalide`, `if_match_invalide`, `cle_idempotence_invalide`",
        ),
        (401, !open, "`authentification_requise`, `jeton_expire`, `jeton_invalide`, `session_terminee`"),
        (403, !open, "`permission_refusee`, `mot_de_passe_a_changer`"),
        (413, has_body, "`corps_trop_volumineux`"),
        (415, has_body, "`type_non_supporte`"),
        (422, has_input, "`validation`, `curseur_invalide`, `cle_idempotence_reutilisee`"),
        (429, true, "`trop_de_requetes`"),
        (500, true, "`erreur_interne`"),
        (503, true, "`service_indisponible`"),
    ];
    for (status, applies, codes) in common {
        if applies {
            let response = RefOr::T(ResponseBuilder::new().description(codes).build());
            operation.responses.responses.entry(status.to_string()).or_insert(response);
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let is_error = status.starts_with('4') || status.starts_with('5');
        if is_error && response.content.is_empty() {
            let problem = Ref::from_schema_name(Problem::name());
            let content = ContentBuilder::new().schema(Some(problem)).build();
            response.content.insert(MEDIA_TYPE.to_owned(), content.into());
        }
        let refused = if status == "429" { &LIMITS[..] } else { &[] };
        for (name, description) in NAMES.iter().chain(refused) {
            let text = ObjectBuilder::new().schema_type(Type::String);
            let header = HeaderBuilder::new().schema(Some(text)).description(Some(*description)).build();
            response.headers.insert((*name).to_owned(), header.into());
        }
    }
}
