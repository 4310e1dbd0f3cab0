//! The table of error codes. A code is a promise to clients: it is never renamed and never changes its status.

use actix_web::http::StatusCode;
use mif_domain::users::Language;

macro_rules! codes {
    ($($variant:ident = $code:literal, $status:ident, $fr:literal, $en:literal, $detail_fr:literal, $detail_en:literal;)+) => {
        /// What went wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code { $($variant),+ }

        impl Code {
            /// Every code.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The HTTP status.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// What it is.
            pub(crate) const fn title(self, language: Language) -> &'static str {
                match (self, language) { $((Self::$variant, Language::French) => $fr, (Self::$variant, Language::English) => $en),+ }
            }

            /// What to do about it.
            pub(crate) const fn detail(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::French) => $detail_fr, (Self::$variant, Language::English) => $detail_en),+
                }
            }
        }
    };
}

codes! {
    // 400: the request cannot be read.
    MalformedJson = "json_invalide", BAD_REQUEST, "JSON illisible", "Malformed JSON",
        "Le corps de la requête n'est pas du JSON valide.", "The body of the request is not valid JSON.";
    MalformedForm = "formulaire_invalide", BAD_REQUEST, "Formulaire illisible", "Malformed form",
        "Le corps de la requête n'est pas un formulaire valide.", "The body of the request is not a valid form.";
    BadRequest = "requete_invalide", BAD_REQUEST, "Requête illisible", "Malformed request",
        "La requête ne suit pas le protocole HTTP.", "The request does not follow HTTP.";
    BadIfMatch = "if_match_invalide", BAD_REQUEST, "If-Match illisible", "Malformed If-Match",
        "If-Match prend un seul ETag, ou *.", "If-Match takes a single ETag, or *.";
    BadIdempotencyKey = "cle_idempotence_invalide", BAD_REQUEST, "Idempotency-Key illisible", "Malformed Idempotency-Key",
        "La clé a de 1 à 255 caractères ASCII imprimables.", "The key has 1 to 255 printable ASCII characters.";
    InterruptedBody = "corps_interrompu", BAD_REQUEST, "Corps interrompu", "Body interrupted",
        "Le corps de la requête n'est pas arrivé jusqu'à sa fin.", "The body of the request did not arrive to its end.";
    // 401: who are you?
    NotAuthenticated = "authentification_requise", UNAUTHORIZED, "Authentification requise", "Authentication required",
        "Ajoutez l'en-tête Authorization: Bearer.", "Add the header Authorization: Bearer.";
    BadCredentials = "identifiants_invalides", UNAUTHORIZED, "Identifiants invalides", "Invalid credentials",
        "Le nom ou le mot de passe est incorrect.", "The name or the password is wrong.";
    ExpiredToken = "jeton_expire", UNAUTHORIZED, "Jeton expiré", "Token expired",
        "Demandez un nouveau jeton à /auth/refresh.", "Get a new token from /auth/refresh.";
    InvalidToken = "jeton_invalide", UNAUTHORIZED, "Jeton invalide", "Invalid token",
        "Ce jeton n'a pas été émis par ce serveur, ou il a été modifié.",
        "This token was not issued by this server, or it was changed.";
    SessionEnded = "session_terminee", UNAUTHORIZED, "Session terminée", "Session ended",
        "Reconnectez-vous.", "Sign in again.";
    BadRefreshToken = "jeton_rafraichissement_invalide", UNAUTHORIZED, "Jeton de rafraîchissement invalide",
        "Invalid refresh token", "Reconnectez-vous.", "Sign in again.";
    MfaNeeded = "mfa_requise", UNAUTHORIZED, "Second facteur requis", "Second factor needed",
        "Envoyez defi et un code à /auth/mfa/verifier.", "Send defi and a code to /auth/mfa/verifier.";
    WrongSecondFactor = "code_invalide", UNAUTHORIZED, "Code invalide", "Invalid code",
        "Le code est incorrect ou a déjà servi : attendez le suivant.",
        "The code is wrong or was used already: wait for the next one.";
    ChallengeEnded = "defi_expire", UNAUTHORIZED, "Défi expiré", "Challenge ended",
        "Reconnectez-vous avec votre mot de passe.", "Sign in again with your password.";
    // 403: you may not.
    Denied = "permission_refusee", FORBIDDEN, "Permission refusée", "Permission denied",
        "Votre rôle ne permet pas cette action.", "Your role does not allow this.";
    MustChangePassword = "mot_de_passe_a_changer", FORBIDDEN, "Mot de passe à changer", "Password must be changed",
        "Ce mot de passe est temporaire : changez-le à /auth/change-password.",
        "This password is temporary: change it at /auth/change-password.";
    MfaToActivate = "mfa_a_activer", FORBIDDEN, "Second facteur à activer", "Second factor must be set up",
        "Votre rôle l'exige : activez-le à /auth/mfa/enroler.", "Your role needs one: set it up at /auth/mfa/enroler.";
    // 404, 405: not here.
    NotFound = "introuvable", NOT_FOUND, "Ressource introuvable", "Not found",
        "Elle n'existe pas, ou vous n'y avez pas accès.", "It does not exist, or you have no access to it.";
    UnknownRoute = "route_inconnue", NOT_FOUND, "Adresse inconnue", "Unknown address",
        "Aucune ressource n'a cette adresse ; voyez /docs.", "No resource has this address; see /docs.";
    MethodNotAllowed = "methode_interdite", METHOD_NOT_ALLOWED, "Méthode interdite", "Method not allowed",
        "L'en-tête Allow donne les méthodes possibles.", "The header Allow lists the methods that are.";
    // 409, 412: not now.
    UsernameTaken = "nom_utilisateur_pris", CONFLICT, "Nom d'utilisateur déjà pris", "Username taken",
        "Choisissez un autre nom d'utilisateur.", "Choose another username.";
    EmailTaken = "email_pris", CONFLICT, "Adresse e-mail déjà prise", "E-mail address taken",
        "Un compte a déjà cette adresse.", "An account has this address already.";
    EquipmentCodeTaken = "code_pris", CONFLICT, "Code déjà pris", "Code taken",
        "Un équipement a déjà ce code.", "A machine has this code already.";
    SerialNumberTaken = "numero_serie_pris", CONFLICT, "Numéro de série déjà pris", "Serial number taken",
        "Un équipement a déjà ce numéro de série.", "A machine has this serial number already.";
    EquipmentInUse = "equipement_utilise", CONFLICT, "Équipement utilisé", "Equipment in use",
        "D'autres données y font référence : mettez-le au statut retire.",
        "Other data refer to it: set its statut to retire.";
    EquipmentCycle = "cycle_equipement", CONFLICT, "Cycle dans l'arbre", "Cycle in the tree",
        "Un équipement ne peut pas faire partie de lui-même.", "A machine cannot be a part of itself.";
    CustomerInUse = "client_utilise", CONFLICT, "Client utilisé", "Customer in use",
        "D'autres données y font référence : mettez is_active à false.",
        "Other data refer to it: set is_active to false.";
    TechnicianExists = "technicien_existe", CONFLICT, "Technicien déjà créé", "Technician exists",
        "Ce compte a déjà un technicien ; s'il est archivé, mettez archive à false.",
        "This account has a technician already; if it is archived, set archive to false.";
    TechnicianBusy = "technicien_occupe", CONFLICT, "Technicien occupé", "Technician busy",
        "Réaffectez ou terminez d'abord ses interventions ouvertes.",
        "Reassign or finish the open interventions first.";
    SkillExists = "competence_existe", CONFLICT, "Compétence déjà créée", "Skill exists",
        "Une compétence porte déjà ce nom.", "A skill has this name already.";
    TransitionForbidden = "transition_interdite", CONFLICT, "Transition interdite", "Transition not allowed",
        "L'état actuel ne le permet pas : voyez statut_actuel et actions.",
        "The current state does not allow it: see statut_actuel and actions.";
    SlotTaken = "creneau_occupe", CONFLICT, "Créneau occupé", "Slot taken",
        "Le technicien a déjà une intervention à ce moment : voyez intervention, ou envoyez forcer.",
        "The technician has an intervention at that time: see intervention, or send forcer.";
    InterventionArchived = "intervention_archivee", CONFLICT, "Intervention archivée", "Intervention archived",
        "Une intervention archivée ne change plus.", "An archived intervention changes no more.";
    NotFinished = "intervention_non_terminee", CONFLICT, "Intervention non terminée", "Intervention not finished",
        "La satisfaction se donne une fois l'intervention clôturée.", "It is rated once it is closed.";
    NotInvitable = "invitation_impossible", CONFLICT, "Invitation impossible", "Cannot be invited",
        "Le compte est fermé, ou son titulaire s'est déjà connecté.",
        "The account is closed, or its owner has signed in already.";
    MfaActive = "mfa_deja_active", CONFLICT, "Second facteur déjà actif", "Second factor active already",
        "Désactivez-le d'abord à /auth/mfa.", "Turn it off at /auth/mfa first.";
    MfaInactive = "mfa_inactive", CONFLICT, "Pas de second facteur", "No second factor",
        "Il s'active à /auth/mfa/enroler puis /auth/mfa/confirmer.",
        "It is set up at /auth/mfa/enroler, then /auth/mfa/confirmer.";
    MfaObligatory = "mfa_obligatoire", CONFLICT, "Second facteur obligatoire", "Second factor obligatory",
        "Votre rôle l'exige.", "Your role needs one.";
    LastAdmin = "dernier_admin", CONFLICT, "Dernier administrateur", "Last administrator",
        "Il doit rester un administrateur actif.", "One active administrator must remain.";
    ChangedMeanwhile = "modification_concurrente", CONFLICT, "Modification concurrente", "Concurrent change",
        "La ressource a changé entre-temps ; recommencez.", "The resource changed meanwhile; try again.";
    StillRunning = "requete_en_cours", CONFLICT, "Requête en cours", "Request still running",
        "Une requête avec la même clé n'est pas terminée.", "A request with the same key has not finished.";
    StaleVersion = "version_perimee", PRECONDITION_FAILED, "Version périmée", "Stale version",
        "La ressource a changé depuis sa lecture ; relisez-la.", "The resource changed since it was read; read it again.";
    DocumentInfected = "document_infecte", CONFLICT, "Document infecté", "Infected document",
        "De nouvelles signatures y ont trouvé un virus : il n'est plus distribué.",
        "Newer signatures found a virus in it: it is not handed out any more.";
    // 408, 413, 415, 416, 422: not like this.
    SlowBody = "corps_trop_lent", REQUEST_TIMEOUT, "Corps trop lent", "Body too slow",
        "Le corps de la requête arrive trop lentement.", "The body of the request arrives too slowly.";
    UnsatisfiableRange = "plage_invalide", RANGE_NOT_SATISFIABLE, "Plage impossible", "Range not satisfiable",
        "La plage commence après la fin : voyez Content-Range.", "The range begins past the end: see Content-Range.";
    FileTypeRefused = "type_fichier_refuse", UNPROCESSABLE_ENTITY, "Type de fichier refusé", "File type refused",
        "Ce type n'est pas accepté, ou le contenu n'est pas celui que le nom annonce.",
        "This type is not taken, or the content is not what the name says.";
    FileInfected = "fichier_infecte", UNPROCESSABLE_ENTITY, "Fichier infecté", "Infected file",
        "L'antivirus y a trouvé un logiciel malveillant : voyez signature. Rien n'a été conservé.",
        "The virus scanner found something harmful in it: see signature. Nothing was kept.";
    TooLarge = "corps_trop_volumineux", PAYLOAD_TOO_LARGE, "Corps trop volumineux", "Body too large",
        "Le corps de la requête dépasse la limite.", "The body of the request exceeds the limit.";
    UnsupportedMediaType = "type_non_supporte", UNSUPPORTED_MEDIA_TYPE, "Type de contenu non supporté",
        "Unsupported media type", "Voyez dans /docs les types acceptés ici.", "See /docs for the types accepted here.";
    Validation = "validation", UNPROCESSABLE_ENTITY, "Données invalides", "Invalid data",
        "Des champs ont été refusés : voyez errors.", "Some fields were refused: see errors.";
    UnreadableCsv = "csv_illisible", UNPROCESSABLE_ENTITY, "CSV illisible", "Unreadable CSV",
        "Le fichier n'est pas en UTF-8 : enregistrez-le au format « CSV UTF-8 ».",
        "The file is not UTF-8: save it as \"CSV UTF-8\".";
    TooManyRows = "csv_trop_de_lignes", UNPROCESSABLE_ENTITY, "Trop de lignes", "Too many rows",
        "Un fichier a au plus 10 000 lignes sous l'en-tête.", "A file has at most 10,000 rows below its header.";
    ImportRefused = "import_refuse", UNPROCESSABLE_ENTITY, "Import refusé", "Import refused",
        "Rien n'a été importé : voyez errors.", "Nothing was imported: see errors.";
    BadCursor = "curseur_invalide", UNPROCESSABLE_ENTITY, "Curseur invalide", "Invalid cursor",
        "Le curseur vient d'une autre liste ; reprenez sans curseur.",
        "The cursor comes from another list; start again without one.";
    BadResetToken = "jeton_reinitialisation_invalide", UNPROCESSABLE_ENTITY, "Jeton de réinitialisation invalide",
        "Invalid reset token", "Il a expiré ou déjà servi : demandez un nouveau message.",
        "It has expired or was used: ask for another letter.";
    BadConfirmationToken = "jeton_confirmation_invalide", UNPROCESSABLE_ENTITY, "Jeton de confirmation invalide",
        "Invalid confirmation token", "Il a expiré ou déjà servi : indiquez l'adresse une nouvelle fois.",
        "It has expired or was used: give the address once more.";
    KeyReused = "cle_idempotence_reutilisee", UNPROCESSABLE_ENTITY, "Idempotency-Key déjà utilisée",
        "Idempotency-Key used before", "Cette clé a servi à une autre requête.", "This key was used for another request.";
    // 429: slower.
    TooManyRequests = "trop_de_requetes", TOO_MANY_REQUESTS, "Trop de requêtes", "Too many requests",
        "Attendez le temps indiqué par Retry-After.", "Wait for the time given by Retry-After.";
    // 5xx: our fault, told without detail.
    Internal = "erreur_interne", INTERNAL_SERVER_ERROR, "Erreur interne", "Internal error",
        "L'erreur a été journalisée ; citez trace_id.", "The error was logged; quote trace_id.";
    Unavailable = "service_indisponible", SERVICE_UNAVAILABLE, "Service indisponible", "Service unavailable",
        "Réessayez dans un instant.", "Try again in a moment.";
    ScannerUnavailable = "antivirus_indisponible", SERVICE_UNAVAILABLE, "Antivirus indisponible",
        "Virus scanner unavailable", "Le fichier n'a pas pu être analysé, donc pas conservé ; réessayez dans un instant.",
        "The file could not be scanned and so was not kept; try again in a moment.";
    StorageFull = "stockage_plein", INSUFFICIENT_STORAGE, "Stockage plein", "Storage full",
        "Il n'y a plus de place pour les documents.", "There is no room left for documents.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_unique_snake_case_and_an_error() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code:?}");
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
        }
    }
}
