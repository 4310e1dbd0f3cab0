//! A plant with many years behind it: who works there, on what, and a million interventions.

use super::sql::insert_equipment;

pub(super) const MACHINES: u32 = 10_000;
pub(super) const TECHNICIANS: u32 = 200;
pub(super) const CUSTOMERS: u32 = 150;
pub(super) const STATIONS: u32 = 300;
/// Interventions that are entered in a year: one every five minutes.
pub(super) const A_YEAR: u32 = 105_120;

pub(super) const INDEXES: &str = "\
    SELECT indexdef || ';' FROM pg_indexes WHERE tablename = 'interventions' \
    AND indexname NOT IN (SELECT conname FROM pg_constraint)";

pub(super) const DROP_INDEXES: &str = "\
    SELECT format('DROP INDEX %I;', indexname) FROM pg_indexes WHERE tablename = 'interventions' \
    AND indexname NOT IN (SELECT conname FROM pg_constraint)";

pub(super) const ROOM_FOR_INDEXES: &str = "SET maintenance_work_mem = '512MB';\n";

/// Everything with identifiers from 1, into tables that are empty but for the first account.
pub(super) fn people_and_machines() -> String {
    let machines = insert_equipment(MACHINES);
    format!(
        "INSERT INTO customers (name, search_text, created_at, updated_at) \
         SELECT 'Client ' || n, 'client ' || n, now(), now() FROM generate_series(1, {CUSTOMERS}) AS n; \
         {machines}; \
         WITH hired AS ( \
           INSERT INTO users (username, email, email_norm, full_name, role, password_hash, is_active, language, \
             must_change_password, search_text, password_changed_at, created_at, updated_at, version) \
           SELECT 'tech' || n, 'tech' || n || '@mif.local', 'tech' || n || '@mif.local', 'Technicien ' || n, 'technician', \
             '!', true, 'fr', false, 'tech' || n, now(), now(), now(), 1 \
           FROM generate_series(1, {TECHNICIANS}) AS n RETURNING id) \
         INSERT INTO technicians (user_id, availability, level, on_call, created_at, updated_at, version) \
         SELECT id, 'available', 'intermediate', false, now(), now(), 1 FROM hired"
    )
}

/// Interventions with identifiers 1..=rows, oldest first. What is older than the last of them is over, and of what is late
/// everybody knows.
pub(super) fn interventions(rows: u32) -> String {
    format!(
        "SELECT setseed(0.5); \
         INSERT INTO interventions (reference, title, description, kind, status, priority, is_urgent, equipment_id, \
           technician_id, customer_id, due_at, late_notified_at, planned_start_at, planned_end_at, finished_at, closed_at, \
           report, search_text, created_at, updated_at, version) \
         SELECT reference, title, description, kind, status, priority, priority = 'urgent', machine, \
           CASE WHEN status <> 'open' THEN technician END, CASE WHEN machine % 3 = 0 THEN 1 + machine / 3 % {CUSTOMERS} END, \
           due_at, due_at, begins, begins + interval '2 hours', over, CASE WHEN status <> 'cancelled' THEN over END, \
           CASE WHEN status <> 'cancelled' AND over IS NOT NULL THEN 'Remis en service' END, \
           translate(lower(reference || chr(10) || title || chr(10) || description), 'éèêàâùûôîç', 'eeeaauuoic'), \
           created_at, COALESCE(over, created_at), 1 \
         FROM ({}) AS work ORDER BY n",
        with_states(rows)
    )
}

fn with_states(rows: u32) -> String {
    format!(
        "SELECT *, CASE WHEN status IN ('closed', 'archived', 'cancelled') THEN created_at + interval '3 days' END AS over, \
           CASE WHEN chance < 0.8 THEN created_at + chance * interval '30 days' END AS due_at, \
           CASE WHEN chance > 0.4 THEN created_at + chance * interval '10 days' END AS begins \
         FROM (SELECT *, CASE \
             WHEN n < {rows} * 0.97 THEN \
               CASE WHEN fate < 0.04 THEN 'cancelled' WHEN fate < 0.6 THEN 'archived' ELSE 'closed' END \
             WHEN fate < 0.25 THEN 'open' WHEN fate < 0.5 THEN 'assigned' WHEN fate < 0.6 THEN 'in_progress' \
             WHEN fate < 0.7 THEN 'on_hold' ELSE 'closed' END AS status, \
           CASE WHEN weight < 0.03 THEN 'urgent' WHEN weight < 0.18 THEN 'high' WHEN weight < 0.73 THEN 'normal' \
             WHEN weight < 0.9 THEN 'low' ELSE 'scheduled' END AS priority \
         FROM ({}) AS drawn) AS given",
        drawn(rows)
    )
}

/// A few machines fail often, most hardly ever.
fn drawn(rows: u32) -> String {
    let (symptom, part) = (any_of(&SYMPTOMS), any_of(&PARTS));
    let (cause, kind) = (any_of(&CAUSES), any_of(&KINDS));
    format!(
        "SELECT n, {symptom} || ' ' || {part} AS title, {kind} AS kind, \
           'INT-' || 2016 + (n - 1) / {A_YEAR} || '-' || lpad((1 + (n - 1) % {A_YEAR})::text, 6, '0') AS reference, \
           'Constaté au poste ' || 1 + floor(random() * {STATIONS})::int || ', ' || {cause} || ' ' || {part} AS description, \
           1 + floor(random() * random() * {MACHINES})::bigint AS machine, \
           1 + floor(random() * {TECHNICIANS})::bigint AS technician, \
           timestamptz '2016-01-01 00:00:00+00' + n * interval '5 minutes' AS created_at, \
           random() AS fate, random() AS weight, random() AS chance \
         FROM generate_series(1, {rows}) AS n"
    )
}

const SYMPTOMS: [&str; 12] = [
    "Fuite sur",
    "Bruit anormal de",
    "Vibration de",
    "Surchauffe de",
    "Casse de",
    "Usure de",
    "Défaut d'étanchéité de",
    "Blocage de",
    "Réglage de",
    "Graissage de",
    "Contrôle annuel de",
    "Remplacement de",
];

const PARTS: [&str; 12] = [
    "la pompe hydraulique",
    "la pompe centrifuge",
    "la courroie du convoyeur",
    "le roulement avant",
    "le moteur principal",
    "le vérin gauche",
    "la presse",
    "le four de cuisson",
    "la vanne de purge",
    "le capteur de niveau",
    "l'armoire électrique",
    "le compresseur d'air",
];

const CAUSES: [&str; 6] = [
    "signalé par l'équipe de nuit, sans doute à cause de",
    "déjà vu le mois dernier sur",
    "arrêt de la ligne,",
    "à surveiller avec",
    "trouvé pendant la ronde, près de",
    "demande de la production pour",
];

const KINDS: [&str; 5] = ["corrective", "corrective", "preventive", "improvement", "diagnostic"];

fn any_of(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("'{}'", word.replace('\'', "''"))).collect();
    format!("(ARRAY[{}])[1 + floor(random() * {})::int]", quoted.join(", "), words.len())
}
