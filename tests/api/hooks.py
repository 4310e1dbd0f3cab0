"""What schemathesis leaves alone. Everything that is not named here must hold, on every route."""

import json
import os
import re

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData, UnsupportedMethodResponse

# The account that asks. The routes under /users/{id} could close it, demote it or change its password, and the run would go
# on without a session: they get an account that does not exist instead. What they do to others is tested all the same.
OWN = re.compile(r"\+?0*" + os.environ["MIF_API_USER"])
NOBODY = 1 << 40

# Wrong current passwords lock an account at the address where they were typed. The tests come from another address than the
# sign-in of schemathesis itself, which the server believes because 127.0.0.1 is its trusted proxy here.
ADDRESS = "203.0.113.9"

# 422 for a request of the right shape: what is refused is what it refers to, or a value that no schema can know.
STATE = {
    # Only the server makes cursors; tests of paging.rs and the fuzz target `paging` read false ones.
    "curseur_invalide",
    # The same field in the address and in the form, the same skill twice in a list.
    "champ_double",
    # An identifier in the body that nothing has.
    "reference_inconnue",
    # A key that came with another body before.
    "cle_idempotence_reutilisee",
    # Tokens of letters, and the password as it is.
    "jeton_confirmation_invalide",
    "jeton_reinitialisation_invalide",
    "mot_de_passe_incorrect",
    # What a password must be depends on who it is for and on what they had.
    "mot_courant",
    "mot_de_passe_trop_court",
    "mot_de_passe_sans_minuscule",
    "mot_de_passe_sans_majuscule",
    "mot_de_passe_sans_chiffre",
    "mot_de_passe_sans_symbole",
    "mot_de_passe_contient_identite",
    "mot_de_passe_deja_utilise",
    # The rows of a CSV file and the bytes of a document.
    "import_refuse",
    "type_fichier_refuse",
}

# Rules between two fields, and bounds on dates, by route, field and code. JSON Schema says the former only with forms that
# code generators do not read, and the latter not at all.
BETWEEN_FIELDS = {
    # One of two names for the same field.
    ("POST /api/v1/auth/token", "email", "champ_manquant"),
    ("POST /api/v1/auth/login", "email", "champ_manquant"),
    ("POST /api/v1/auth/refresh", "refresh_token", "champ_manquant"),
    ("POST /api/v1/auth/email/confirm", "token", "champ_manquant"),
    ("POST /api/v1/auth/password-reset/confirm", "token", "champ_manquant"),
    # The state comes in the body or in the address.
    ("PATCH /api/v1/interventions/{id}/statut", "statut", "champ_manquant"),
    # A document belongs to a machine or to an intervention, never to both.
    ("POST /api/v1/documents", "intervention_id", "champ_manquant"),
    ("POST /api/v1/documents/upload", "intervention_id", "champ_manquant"),
    ("POST /api/v1/documents", "intervention_id", "format_invalide"),
    ("POST /api/v1/documents/upload", "intervention_id", "format_invalide"),
    ("GET /api/v1/documents", "intervention_id", "format_invalide"),
    # A password, or an invitation.
    ("POST /api/v1/users", "password", "champ_manquant"),
    ("POST /api/v1/users", "password", "format_invalide"),
    # A new password or address needs the old password.
    ("PUT /api/v1/users/update", "current_password", "champ_manquant"),
    # A period ends after its beginning, and a slot has both ends.
    ("GET /api/v1/techniciens/{id}/charge", "au", "format_invalide"),
    ("POST /api/v1/interventions", "fin_prevue", "format_invalide"),
    ("POST /api/v1/interventions", "fin_prevue", "champ_manquant"),
    ("POST /api/v1/interventions", "debut_prevu", "champ_manquant"),
    ("PATCH /api/v1/interventions/{id}/creneau", "fin_prevue", "format_invalide"),
    ("PATCH /api/v1/interventions/{id}/creneau", "fin_prevue", "champ_manquant"),
    ("PATCH /api/v1/interventions/{id}/creneau", "debut_prevu", "champ_manquant"),
    # Years that are typing errors.
    ("POST /api/v1/interventions", "debut_prevu", "format_invalide"),
    ("POST /api/v1/interventions", "date_limite", "format_invalide"),
    ("PATCH /api/v1/interventions/{id}", "date_limite", "format_invalide"),
    ("PATCH /api/v1/interventions/{id}/creneau", "debut_prevu", "format_invalide"),
    ("POST /api/v1/equipements", "date_mise_en_service", "format_invalide"),
    ("PATCH /api/v1/equipements/{id}", "date_mise_en_service", "format_invalide"),
    # An intervention begins as `ouverte`.
    ("POST /api/v1/interventions", "statut", "format_invalide"),
    # A code of the second factor that does not count.
    ("POST /api/v1/auth/mfa/confirmer", "code", "format_invalide"),
    ("POST /api/v1/auth/mfa/codes", "code", "format_invalide"),
    ("DELETE /api/v1/auth/mfa", "code", "format_invalide"),
}

# Addresses that are a value of `{id}` beside them: what they do not serve, that one answers, and the word is no identifier.
BESIDE_AN_IDENTIFIER = {
    "/api/v1/documents/upload",
    "/api/v1/equipements/import",
    "/api/v1/techniciens/competences",
    "/api/v1/users/me",
    "/api/v1/users/update",
}


@schemathesis.hook
def before_call(context, case, kwargs):
    parameters = case.path_parameters or {}
    if case.path.startswith("/api/v1/users/{id}") and case.method != "GET":
        if OWN.fullmatch(str(parameters.get("id"))):
            parameters["id"] = NOBODY
    # Refused for its cursor, a list would never be asked for anything else.
    if is_positive(case) and isinstance(case.query, dict):
        case.query.pop("cursor", None)
    case.headers["X-Forwarded-For"] = ADDRESS


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether the failure is one."""
    if isinstance(failure, RejectedPositiveData) and response.status_code == 422:
        # schemathesis goes on from one answer to the next request, with a null where an answer has one.
        followed_null = None in (case.path_parameters or {}).values()
        return not followed_null and not all(is_expected(case, *found) for found in problems(response))
    if isinstance(failure, UnsupportedMethodResponse) and response.status_code == 422:
        return case.path not in BESIDE_AN_IDENTIFIER
    if isinstance(failure, AcceptedNegativeData):
        # Any text is a text: what is sent instead of CSV is CSV with one strange column.
        return case.media_type != "text/csv"
    return True


# SECURITY: what every answer carries, whatever it says. The pages at /docs have a policy of their own for contents.
POLICY = {
    "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


@schemathesis.check
def header_policy(context, response, case):
    """The headers of every route and every status that the tests meet."""
    headers = {name.lower(): ", ".join(values) for name, values in response.headers.items()}
    wrong = [f"{name}: {headers.get(name)}" for name, value in POLICY.items() if headers.get(name) != value]
    wrong += [f"{name} is missing" for name in ("permissions-policy", "x-request-id", "traceparent") if name not in headers]
    wrong += [f"{name} is there" for name in ("server", "x-powered-by") if name in headers]
    if "frame-ancestors 'none'" not in headers.get("content-security-policy", ""):
        wrong.append(f"content-security-policy: {headers.get('content-security-policy')}")
    if case.path.startswith("/api/") and headers.get("cache-control") != "no-store":
        wrong.append(f"cache-control: {headers.get('cache-control')}")
    if "origin" not in headers.get("vary", "").lower():
        wrong.append(f"vary: {headers.get('vary')}")
    assert not wrong, f"{case.method} {case.path} -> {response.status_code}: {wrong}"


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


def is_expected(case, field, code, message):
    # JSON Schema counts 12.0 as an integer; our parser does not, nor do most of those that clients are generated with.
    whole_number = code == "type_invalide" and message.endswith(("i64", "u16", "u32"))
    return code in STATE or (f"{case.method} {case.path}", field, code) in BETWEEN_FIELDS or whole_number


def problems(response):
    problem = json.loads(response.content)
    if problem["code"] != "validation":
        return [(None, problem["code"], "")]
    return [(error["champ"], error["code"], error["message"]) for error in problem["errors"]]
