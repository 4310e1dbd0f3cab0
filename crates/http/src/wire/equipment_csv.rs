//! Machines in a CSV file, and what is answered about them.
//!
//! A cell that begins with `=`, `+`, `-` or `@` is text like any other: nothing here computes. It is where such a text is
//! written into a spreadsheet again that it must be defused.

use std::mem;

use chrono::NaiveDate;
use mif_application::equipment::{ImportEquipment, ImportRow, RowError, RowProblem};
use mif_domain::text::Line;
use mif_domain::users::Language;
use serde::de::value::Error as WordError;
use serde::de::{DeserializeOwned, IntoDeserializer as _};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::csv::{Record, Records};
use super::equipment::EquipmentNew;
use crate::problem::{ApiError, Code, FieldError, FieldProblem};

/// How an import is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EquipmentImportParams {
    /// A dry run: everything is checked, nothing is written, no `Idempotency-Key` is kept. `false` when absent.
    pub(crate) essai: Option<bool>,
}

/// A form with a CSV file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FormulaireImportEquipements, example = json!({"file": "nom;type;localisation\nPresse 4;presse;Atelier B\n"}))]
#[expect(dead_code, reason = "describes the form")]
pub(crate) struct EquipmentImportForm {
    #[schema(content_media_type = "text/csv")]
    file: String,
}

/// What became of a file.
#[derive(Serialize, ToSchema)]
#[schema(as = ImportEquipements, example = json!({
    "lignes": 42, "creees": 0, "essai": true, "total_erreurs": 1,
    "erreurs": [{"ligne": 7, "champ": "code", "code": "deja_pris", "message": "est déjà pris"}]
}))]
pub(crate) struct EquipmentImportRead {
    /// Rows below the header; empty ones do not count.
    lignes: usize,
    /// Machines that were created: none in a dry run.
    creees: usize,
    /// Whether this was a dry run.
    essai: bool,
    /// How many things are wrong. None: the file can be imported.
    total_erreurs: usize,
    /// The first hundred of them.
    erreurs: Vec<EquipmentImportError>,
}

/// Something that is wrong with a row.
#[derive(Serialize, ToSchema)]
#[schema(as = ErreurImport, example = json!({"ligne": 7, "champ": "code", "code": "deja_pris", "message": "est déjà pris"}))]
pub(crate) struct EquipmentImportError {
    /// The line of the file, from 1: the header.
    ligne: u64,
    /// The column, unless it is the row as a whole.
    champ: Option<String>,
    /// Why, for programs. Stable.
    code: &'static str,
    /// Why, for people.
    message: String,
}

impl EquipmentImportRead {
    /// After an import.
    pub(crate) fn done(count: usize) -> Self {
        Self { lignes: count, creees: count, essai: false, total_erreurs: 0, erreurs: Vec::new() }
    }

    /// After a dry run.
    pub(crate) fn tried(faults: &Faults, language: Language) -> Self {
        let told = faults.told.iter().map(|fault| EquipmentImportError {
            ligne: fault.line,
            champ: fault.column.clone(),
            code: fault.problem.code(),
            message: fault.problem.message(language),
        });
        let erreurs = told.collect();
        Self { lignes: faults.rows, creees: 0, essai: true, total_erreurs: faults.total, erreurs }
    }
}

/// Why a row is refused.
#[derive(Debug)]
struct Fault {
    line: u64,
    column: Option<String>,
    problem: FieldProblem,
}

/// Everything that is wrong with a file: all of it counted, some of it told.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rows: usize,
    total: usize,
    told: Vec<Fault>,
}

impl Faults {
    const TOLD: usize = 100;

    /// A file of so many rows, with nothing wrong so far.
    pub(crate) fn none(rows: usize) -> Self {
        Self { rows, ..Self::default() }
    }

    /// What the use case found.
    pub(crate) fn found(rows: usize, errors: &[RowError]) -> Self {
        let mut faults = Self::none(rows);
        for error in errors {
            let (column, problem) = match error.problem {
                RowProblem::CodeTaken => ("code", FieldProblem::Taken),
                RowProblem::CodeRepeated(line) => ("code", FieldProblem::RepeatedFrom(line)),
                RowProblem::SerialNumberTaken => ("numero_serie", FieldProblem::Taken),
                RowProblem::SerialNumberRepeated(line) => ("numero_serie", FieldProblem::RepeatedFrom(line)),
                RowProblem::UnknownCustomer => ("client_id", FieldProblem::UnknownReference),
                RowProblem::UnknownParent => ("parent_code", FieldProblem::UnknownReference),
                RowProblem::Cycle => ("parent_code", FieldProblem::Cycle),
            };
            faults.add(error.line, Some(column), problem);
        }
        faults
    }

    fn add(&mut self, line: u64, column: Option<&str>, problem: FieldProblem) {
        self.total += 1;
        if self.told.len() < Self::TOLD {
            self.told.push(Fault { line, column: column.map(str::to_owned), problem });
        }
    }
}

impl From<Faults> for ApiError {
    fn from(faults: Faults) -> Self {
        let named = faults.told.into_iter().map(|fault| FieldError {
            name: match fault.column {
                Some(column) => format!("lignes[{}].{column}", fault.line),
                None => format!("lignes[{}]", fault.line),
            },
            problem: fault.problem,
        });
        Self::refused(Code::ImportRefused, named.collect())
    }
}

const REQUIRED: [&str; 3] = ["nom", "type", "localisation"];
const OPTIONAL: [&str; 11] = [
    "code",
    "parent_code",
    "client_id",
    "marque",
    "modele",
    "numero_serie",
    "statut",
    "criticite",
    "frequence_entretien",
    "date_mise_en_service",
    "description",
];

/// Reads the rows of a file. What is no text, or too long, is refused as a whole; otherwise all that is wrong is collected.
pub(crate) fn read(content: &[u8]) -> Result<Result<Vec<ImportRow>, Faults>, ApiError> {
    let text = str::from_utf8(content).map_err(|_| ApiError::from(Code::UnreadableCsv))?;
    let mut records = Records::of(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut faults = Faults::default();
    let header = match records.next() {
        Some(Ok(record)) => header(&record, &mut faults),
        Some(Err(_)) => {
            faults.add(1, None, FieldProblem::Quote);
            Vec::new()
        }
        None => header(&Record { line: 1, cells: Vec::new() }, &mut faults),
    };
    let known_header = faults.total == 0;
    let mut rows = Vec::new();
    for record in records {
        if matches!(&record, Ok(Record { cells, .. }) if cells.iter().all(|cell| cell.trim().is_empty())) {
            continue;
        }
        faults.rows += 1;
        if faults.rows > ImportEquipment::MAX_ROWS {
            return Err(Code::TooManyRows.into());
        }
        match record {
            Err(bad) => faults.add(bad.line, None, FieldProblem::Quote),
            Ok(record) if known_header => rows.extend(row(&header, record, &mut faults)),
            Ok(_) => {}
        }
    }
    if known_header && faults.rows == 0 {
        faults.add(2, None, FieldProblem::Empty);
    }
    Ok(if faults.total == 0 { Ok(rows) } else { Err(faults) })
}

/// The columns, by name in any case.
fn header(record: &Record, faults: &mut Faults) -> Vec<&'static str> {
    let mut columns = Vec::new();
    for name in &record.cells {
        let name = name.trim().to_lowercase();
        match REQUIRED.iter().chain(&OPTIONAL).find(|known| **known == name) {
            Some(known) if columns.contains(known) => faults.add(record.line, Some(&name), FieldProblem::Duplicate),
            Some(known) => columns.push(*known),
            None => {
                let shown: String = name.chars().take(50).collect();
                faults.add(record.line, Some(&shown), FieldProblem::Unknown);
            }
        }
    }
    for name in REQUIRED.iter().filter(|name| !columns.contains(name)) {
        faults.add(record.line, Some(name), FieldProblem::Missing);
    }
    columns
}

/// The cells of a row, by column. An empty one is absent.
struct Cells<'a> {
    header: &'a [&'static str],
    values: Vec<String>,
    line: u64,
    faults: &'a mut Faults,
}

impl Cells<'_> {
    fn take(&mut self, column: &str) -> Option<String> {
        let at = self.header.iter().position(|name| *name == column)?;
        let cell = mem::take(self.values.get_mut(at)?);
        (!cell.trim().is_empty()).then_some(cell)
    }

    fn parse<T>(&mut self, column: &str, parse: impl FnOnce(&str) -> Result<T, FieldProblem>) -> Option<T> {
        let cell = self.take(column)?;
        match parse(cell.trim()) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.faults.add(self.line, Some(column), problem);
                None
            }
        }
    }
}

/// The machine of a row, unless something is wrong with it.
fn row(header: &[&'static str], record: Record, faults: &mut Faults) -> Option<ImportRow> {
    let (line, found) = (record.line, record.cells.len());
    if found != header.len() {
        faults.add(line, None, FieldProblem::Columns { expected: header.len(), found });
        return None;
    }
    let before = faults.total;
    let mut cells = Cells { header, values: record.cells, line, faults };
    let parent_code = cells.parse("parent_code", |text| Line::parse(text).map_err(FieldProblem::from));
    let new = EquipmentNew {
        nom: cells.take("nom").unwrap_or_default(),
        code: cells.take("code"),
        kind: cells.take("type").unwrap_or_default(),
        localisation: cells.take("localisation").unwrap_or_default(),
        parent_id: None,
        client_id: cells.parse("client_id", number),
        marque: cells.take("marque"),
        modele: cells.take("modele"),
        numero_serie: cells.take("numero_serie"),
        statut: cells.parse("statut", word),
        criticite: cells.parse("criticite", word),
        frequence_entretien: cells.parse("frequence_entretien", number),
        date_mise_en_service: cells.parse("date_mise_en_service", date),
        description: cells.take("description"),
    };
    match new.parse() {
        Ok(sheet) if faults.total == before => Some(ImportRow { line, sheet, parent_code }),
        Ok(_) => None,
        Err(error) => {
            for field in error.fields {
                faults.add(line, Some(&field.name), field.problem);
            }
            None
        }
    }
}

fn number(text: &str) -> Result<i64, FieldProblem> {
    text.parse().map_err(|_| FieldProblem::Type("i64".to_owned()))
}

fn date(text: &str) -> Result<NaiveDate, FieldProblem> {
    let format = FieldProblem::Format("doit être une date AAAA-MM-JJ", "must be a date YYYY-MM-DD");
    // chrono would also read a year of two digits.
    let parsed = (text.len() == "2026-11-20".len()).then(|| text.parse().ok());
    parsed.flatten().ok_or(format)
}

fn word<T: DeserializeOwned>(text: &str) -> Result<T, FieldProblem> {
    let parsed: Result<T, WordError> = T::deserialize(text.into_deserializer());
    parsed.map_err(|error| FieldProblem::Type(error.to_string().replace("expected ", "")))
}
