//! `/equipements/import`.

use actix_web::post;
use actix_web::web::Data;
use mif_application::equipment::{ImportEquipment, ImportEquipmentError, Imported};
use mif_domain::idempotency::StoredAnswer;

use crate::ApiState;
use crate::answer::{Repetition, json, made_answer};
use crate::extract::{Authenticated, CsvFile, IdempotencyHeader, Query, RequestContext};
use crate::problem::ApiResult;
use crate::wire::equipment_csv::{EquipmentImportForm, EquipmentImportParams, EquipmentImportRead, Faults, read};

/// Create machines from a CSV file
///
/// UTF-8 with or without a byte order mark, at most 5 MiB and 10 000 rows, with `;` or `,` between cells, whichever the
/// header has more of. The header names the columns: `nom`, `type` and `localisation`, and any of `code`, `parent_code`,
/// `client_id`, `marque`, `modele`, `numero_serie`, `statut`, `criticite`, `frequence_entretien`, `date_mise_en_service`
/// (`YYYY-MM-DD`) and `description`. `parent_code` is the code of the machine that this one is a part of: another row,
/// before or after, or a machine that exists. An empty cell is absent, a row of empty cells is passed over.
///
/// All rows or none: if anything is wrong the answer is 422 `import_refuse`, and `errors` names up to 100 cells as
/// `lignes[7].nom`, counted from the header, line 1. Names and references are looked up once every row can be read. A dry
/// run (`essai=true`) answers 200 with the same findings in `erreurs`. Cells that look like formulas are text.
#[utoipa::path(
    operation_id = "importerEquipements", tag = "equipements",
    request_body(content((String = "text/csv"), (EquipmentImportForm = "multipart/form-data"))),
    params(EquipmentImportParams, ("Idempotency-Key" = Option<String>, Header, description = "Sent again with the same file within 24 hours, the request gets the same answer")),
    responses((status = 200, description = "The findings of a dry run", body = EquipmentImportRead),
        (status = 201, description = "All machines were created", body = EquipmentImportRead, headers(("Location" = String))),
        (status = 409, description = "`modification_concurrente`, `requete_en_cours`"),
        (status = 422, description = "`import_refuse`, `csv_illisible`, `csv_trop_de_lignes`, `validation`, `cle_idempotence_reutilisee`"))
)]
#[post("/equipements/import")]
pub(crate) async fn import(
    state: Data<ApiState>,
    actor: Authenticated,
    context: RequestContext,
    params: Query<EquipmentImportParams>,
    key: IdempotencyHeader,
    file: CsvFile,
) -> ApiResult {
    ImportEquipment::permit(&actor)?;
    let dry_run = params.0.essai.unwrap_or_default();
    let tried = |faults: &Faults| json(&EquipmentImportRead::tried(faults, context.language));
    let rows = match read(&file.0)? {
        Ok(rows) => rows,
        Err(faults) if dry_run => return Ok(tried(&faults)),
        Err(faults) => return Err(faults.into()),
    };
    let count = rows.len();
    let import = ImportEquipment { rows, dry_run };
    if dry_run {
        return match import.run(&state.core, &actor, None).await {
            Ok(_) => Ok(tried(&Faults::none(count))),
            Err(ImportEquipmentError::Rows(errors)) => Ok(tried(&Faults::found(count, &errors))),
            Err(error) => Err(error.into()),
        };
    }
    let repetition = Repetition { core: &state.core, actor: &actor, context: &context, key: &key, body: &file.0 };
    repetition.once(&imported, |once| import.run(&state.core, &actor, once)).await
}

fn imported(imported: &Imported) -> StoredAnswer {
    made_answer("/api/v1/equipements", &EquipmentImportRead::done(imported.count))
}
