//! Every statement that the bench runs by itself. The ceilings repeat what the server sends for the same request, so a
//! change of a query in `persistence` or of a table in `migrations` belongs here as well.

/// What the server answers with a single statement for `GET /equipements/{id}`. `:rows` is given on the command line.
pub(super) const PGBENCH_GET_BY_ID: &str = "\
\\set id random(1, :rows)
SELECT id, name, code, kind, location, parent_id, customer_id, brand, model, serial_number, status, criticality, \
maintenance_interval_days, commissioned_on, description, created_at, updated_at, version FROM equipment WHERE id = :id;
";

/// One row more than the page tells whether there is a next one.
pub(super) const PGBENCH_PAGE_OF_50: &str = "\
SELECT id, name, code, kind, location, parent_id, customer_id, brand, model, serial_number, status, criticality, \
maintenance_interval_days, commissioned_on, description, created_at, updated_at, version FROM equipment \
ORDER BY name, id LIMIT 51;
";

/// One rotation of a refresh token: read the session, turn it, remember the spent token, audit. Each client has a session
/// of its own, as each thread of the loader has. `:first_session` is given on the command line.
pub(super) const PGBENCH_REFRESH: &str = "\
\\set session :first_session + :client_id
\\set token random(1, 9000000000000000000)
BEGIN;
SELECT id, user_id, current_hash, previous_hash, generation, acked_generation, rotated_at, sealed_successor, expires_at, \
revoked_at FROM sessions WHERE id = :session FOR UPDATE;
INSERT INTO refresh_tokens_spent (token_hash, session_id) \
SELECT previous_hash, id FROM sessions WHERE id = :session AND previous_hash IS NOT NULL;
UPDATE sessions SET previous_hash = current_hash, current_hash = sha256(int8send(:token)), generation = generation + 1, \
acked_generation = generation, rotated_at = now(), last_used_at = now(), sealed_successor = int8send(:token) \
WHERE id = :session;
INSERT INTO audit_events (at, kind, actor_id, ip, request_id, resource, outcome, details) \
SELECT now(), 'auth.token.refreshed', user_id, '127.0.0.1', :token::text, 'sessions/' || id, 'success', '{}' \
FROM sessions WHERE id = :session;
COMMIT;
";

/// Fresh statistics and visibility maps, as a database has that is not a second old.
pub(super) const SETTLE: &str = "VACUUM (ANALYZE) equipment";

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

/// Sessions of the first account, for the ceiling alone. Answers their identifiers.
pub(super) fn insert_sessions(count: u32) -> String {
    format!(
        "INSERT INTO sessions (user_id, device, created_at, last_used_at, expires_at, current_hash, generation, \
         acked_generation) SELECT (SELECT min(id) FROM users), 'bench', now(), now(), now() + interval '7 days', \
         sha256(convert_to('bench ' || n, 'UTF8')), 1, 0 FROM generate_series(1, {count}) AS n RETURNING id"
    )
}
