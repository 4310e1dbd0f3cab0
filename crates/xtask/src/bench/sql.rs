//! Every statement that the bench runs by itself. The ceilings repeat what the server sends for the same request, so a
//! change of a query in `persistence` or of a table in `migrations` belongs here as well.

/// What the server answers with a single statement for `GET /interventions/{id}`. `:rows` is given on the command line.
pub(super) const PGBENCH_GET_BY_ID: &str = "\
\\set id random(1, :rows)
SELECT interventions.id, reference, title, interventions.description, interventions.kind, interventions.status, priority, \
is_urgent, equipment_id, technician_id, interventions.customer_id, author_id, due_at, planned_start_at, planned_end_at, \
estimated_minutes, started_at, finished_at, closed_at, report, failure_cause, downtime_minutes, rating, late_notified_at, \
interventions.created_at, interventions.updated_at, interventions.version, \
priority_rank, status_rank, \
equipment.name AS equipment_name, COALESCE(users.full_name, users.username) AS technician_name \
FROM interventions JOIN equipment ON equipment.id = equipment_id \
LEFT JOIN technicians ON technicians.id = technician_id LEFT JOIN users ON users.id = technicians.user_id \
WHERE interventions.id = :id;
";

/// One row more than the page tells whether there is a next one.
pub(super) const PGBENCH_PAGE_OF_50: &str = "\
SELECT page.*, equipment.name AS equipment_name, COALESCE(users.full_name, users.username) AS technician_name FROM ( \
SELECT id, reference, title, description, kind, status, priority, is_urgent, equipment_id, technician_id, customer_id, \
author_id, due_at, planned_start_at, planned_end_at, estimated_minutes, started_at, finished_at, closed_at, report, \
failure_cause, downtime_minutes, rating, late_notified_at, created_at, updated_at, version, \
priority_rank, status_rank \
FROM interventions ORDER BY created_at, id LIMIT 51) AS page \
JOIN equipment ON equipment.id = page.equipment_id \
LEFT JOIN technicians ON technicians.id = page.technician_id LEFT JOIN users ON users.id = technicians.user_id \
ORDER BY page.created_at, page.id;
";

/// Entering an intervention: its number, its row, its history, its audit event. The year is one that the server does not use.
pub(super) fn create(audited: bool) -> String {
    CREATE.replace("COMMIT;", if audited { AUDIT_AND_COMMIT } else { "COMMIT;" })
}

const AUDIT_AND_COMMIT: &str = "\
INSERT INTO audit_events (at, kind, actor_id, ip, request_id, resource, outcome, details) \
VALUES (now(), 'intervention.created', 1, '127.0.0.1', 'c0ffeec0ffeec0ffeec0ffeec0ffee00', 'intervention/1', 'success', '{}');
COMMIT;";

const CREATE: &str = "\
\\set machine random(1, :rows)
SELECT id, name, code, kind, location, parent_id, customer_id, brand, model, serial_number, status, criticality, \
maintenance_interval_days, commissioned_on, description, search_text, created_at, updated_at, version \
FROM equipment WHERE id = :machine;
BEGIN;
INSERT INTO yearly_counters (name, year, value) VALUES ('interventions', 1999, 1) \
ON CONFLICT (name, year) DO UPDATE SET value = yearly_counters.value + 1 RETURNING value \\gset
INSERT INTO interventions (reference, title, kind, status, priority, is_urgent, equipment_id, author_id, search_text, \
created_at, updated_at, version) VALUES ('INT-1999-' || :value, 'Fuite', 'corrective', 'open', 'normal', false, :machine, \
1, 'int-1999 fuite', now(), now(), 1) RETURNING * \\gset made_
INSERT INTO intervention_history (intervention_id, user_id, from_status, status, remark, is_internal, at) \
VALUES (:made_id, 1, NULL, 'open', NULL, false, now());
COMMIT;
";

/// One rotation of a refresh token: turn the session, remember the spent token, audit. Each client has a session of its
/// own, as each thread of the loader has, and walks along a chain of tokens; `:n` starts at 0 on the command line.
pub(super) const PGBENCH_REFRESH: &str = "\
\\set presented :client_id * 1000000000000 + :n
\\set n :n + 1
\\set session :first_session + :client_id
\\set successor :client_id * 1000000000000 + :n
BEGIN;
UPDATE sessions SET previous_hash = current_hash, current_hash = sha256(int8send(:successor::bigint)), \
sealed_successor = sha256(int8send(:presented::bigint)) || sha256(int8send(:successor::bigint)), acked_generation = generation, \
generation = generation + 1, rotated_at = now(), last_used_at = now() \
WHERE current_hash = sha256(int8send(:presented::bigint)) AND revoked_at IS NULL AND expires_at > now() AND generation <= 10000000 \
AND EXISTS (SELECT 1 FROM users WHERE users.id = sessions.user_id AND users.is_active) \
RETURNING id, user_id, generation, (SELECT role FROM users WHERE users.id = sessions.user_id) AS role;
INSERT INTO refresh_tokens_spent (token_hash, session_id) \
VALUES (sha256(int8send(:presented::bigint)), :session::bigint);
INSERT INTO audit_events (at, kind, actor_id, ip, request_id, resource, outcome, details) \
VALUES (now(), 'auth.token.refreshed', 1, '127.0.0.1', 'c0ffeec0ffeec0ffeec0ffeec0ffee00', 'session/1', 'success', '{}');
COMMIT;
";

/// Fresh statistics and visibility maps, as a database has that is not a second old.
pub(super) const SETTLE: &str = "VACUUM (ANALYZE)";

/// Machines with identifiers 1..=rows, into an empty table.
pub(super) fn insert_equipment(rows: u32) -> String {
    format!(
        "INSERT INTO equipment (name, code, kind, location, brand, model, serial_number, status, criticality, \
         maintenance_interval_days, description, search_text, created_at, updated_at, version) \
         SELECT 'Pompe ' || lpad(n::text, 6, '0'), 'P-' || n, 'pompe', 'Atelier ' || n % 40, 'Grundfos', 'CR 32', \
         'SN-' || n, 'operational', 'standard', 90, 'Pompe centrifuge du circuit ' || n % 200, 'pompe ' || n, \
         now(), now(), 1 FROM generate_series(1, {rows}) AS n"
    )
}

/// Interventions with identifiers 1..=rows on machines 1..=rows, into an empty table.
pub(super) fn insert_interventions(rows: u32) -> String {
    format!(
        "INSERT INTO interventions (reference, title, description, kind, status, priority, is_urgent, equipment_id, \
         closed_at, report, search_text, created_at, updated_at, version) \
         SELECT 'INT-2020-' || lpad(n::text, 6, '0'), 'Fuite sur la pompe ' || n, 'Constaté au poste ' || n % 40, \
         'corrective', 'closed', 'normal', false, n, now(), 'Joint remplacé', 'fuite sur la pompe ' || n, \
         now() - n * interval '1 minute', now(), 1 FROM generate_series(1, {rows}) AS n"
    )
}

/// Sessions of the first account, for the ceiling alone. Answers their identifiers.
/// Accounts that differ from the first one in their names only, the password included.
pub(super) fn insert_people(count: u32) -> String {
    format!(
        "INSERT INTO users (username, email, email_norm, search_text, role, is_active, language, password_hash, \
         password_changed_at, must_change_password, created_at, updated_at, version) \
         SELECT 'person-' || n, 'person-' || n || '@mif.local', 'person-' || n || '@mif.local', 'person', 'manager', \
         true, 'fr', password_hash, now(), false, now(), now(), 1 \
         FROM users, generate_series(0, {count} - 1) AS n WHERE id = (SELECT min(id) FROM users)"
    )
}

pub(super) fn insert_sessions(count: u32) -> String {
    format!(
        "INSERT INTO sessions (user_id, device, created_at, last_used_at, expires_at, current_hash, generation, \
         acked_generation) SELECT (SELECT min(id) FROM users), 'bench', now(), now(), now() + interval '7 days', \
         sha256(int8send((n - 1) * 1000000000000)), 1, 0 FROM generate_series(1, {count}::bigint) AS n RETURNING id"
    )
}
