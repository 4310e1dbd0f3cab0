//! `/equipements/{id}/etiquette.svg`.

use actix_web::get;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Data;
use mif_application::equipment::GetEquipment;
use mif_domain::equipment::EquipmentId;

use crate::ApiState;
use crate::answer::{Rendered, sent};
use crate::extract::{Authenticated, Conditions, Id};
use crate::problem::{ApiError, ApiResult, Code};
use crate::wire::equipment_label::draw;

const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");

/// Print a machine's label
///
/// An SVG of 90 x 36 mm with the name, the code, the location, and a QR code that holds the machine's address: the
/// setting `http.public_url` and the path of the machine in this API. Without that setting it holds `mif:` and the same
/// path, for applications that know their server; the address that a request came to is never printed.
#[utoipa::path(
    operation_id = "lireEtiquetteEquipement", tag = "equipements",
    params(("id" = i64, Path, description = "The machine")),
    responses((status = 200, description = "The label", body = String, content_type = "image/svg+xml",
            headers(("ETag" = String), ("Content-Disposition" = String))),
        (status = 304, description = "Unchanged"), (status = 404, description = "`introuvable`"))
)]
#[get("/equipements/{id}/etiquette.svg")]
pub(crate) async fn read(state: Data<ApiState>, actor: Authenticated, id: Id, conditions: Conditions) -> ApiResult {
    let equipment = GetEquipment { id: EquipmentId(id.0) }.run(&state.core, &actor).await?;
    let place = state.public_url.as_deref().unwrap_or("mif:");
    let label = draw(&equipment, &format!("{place}/api/v1/equipements/{}", equipment.id.0));
    let label = label.map_err(|error| ApiError::fault(Code::Internal, &error))?;
    let mut response = sent(&conditions, Rendered::of_bytes(equipment.version, label.into_bytes()), SVG);
    if let Ok(name) = HeaderValue::from_str(&format!("inline; filename=\"equipement-{}.svg\"", equipment.id.0)) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
