//! Why a field was refused. A submitted value is never repeated: it may be a secret.

use mif_domain::text::TextError;
use mif_domain::users::{Language, PasswordRule};

/// A field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldError {
    pub(crate) name: String,
    pub(crate) problem: FieldProblem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FieldProblem {
    /// Must be given.
    Missing,
    /// No such field or parameter here.
    Unknown,
    /// Given twice.
    Duplicate,
    /// Comes after the file, when it is too late.
    AfterFile,
    /// Of the wrong type, or none of the words allowed. Says what is expected.
    Type(String),
    /// Empty.
    Empty,
    /// More than so many characters.
    TooLong(usize),
    /// Holds NUL or another control character.
    ControlCharacter,
    /// Does not follow its format. Says which, in French and English.
    Format(&'static str, &'static str),
    /// Points at something that does not exist.
    UnknownReference,
    /// Another object has this value, which must be unique.
    Taken,
    /// The row at this line of the file has the same value, which must be unique.
    RepeatedFrom(u64),
    /// A machine that is a part of itself.
    Cycle,
    /// A quote that is not closed, or that stands around only a part of a cell.
    Quote,
    /// A row with another number of cells than the header.
    Columns {
        /// The header's.
        expected: usize,
        /// The row's.
        found: usize,
    },
    /// Not the current password.
    WrongPassword,
    /// A rule of the password policy.
    Password(PasswordRule),
}

impl FieldProblem {
    /// The stable name.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Missing => "champ_manquant",
            Self::Unknown => "champ_inconnu",
            Self::Duplicate => "champ_double",
            Self::AfterFile => "champ_apres_fichier",
            Self::Type(_) => "type_invalide",
            Self::Empty => "champ_vide",
            Self::TooLong(_) => "trop_long",
            Self::ControlCharacter => "caractere_interdit",
            Self::Format(..) => "format_invalide",
            Self::UnknownReference => "reference_inconnue",
            Self::Taken => "deja_pris",
            Self::RepeatedFrom(_) => "repete",
            Self::Cycle => "cycle_equipement",
            Self::Quote => "guillemet_invalide",
            Self::Columns { .. } => "nombre_colonnes",
            Self::WrongPassword => "mot_de_passe_incorrect",
            Self::Password(rule) => match rule {
                PasswordRule::TooShort { .. } => "mot_de_passe_trop_court",
                PasswordRule::NoLowercase => "mot_de_passe_sans_minuscule",
                PasswordRule::NoUppercase => "mot_de_passe_sans_majuscule",
                PasswordRule::NoDigit => "mot_de_passe_sans_chiffre",
                PasswordRule::NoSymbol => "mot_de_passe_sans_symbole",
                PasswordRule::ContainsIdentity => "mot_de_passe_contient_identite",
                PasswordRule::CommonWord => "mot_courant",
                PasswordRule::Reused => "mot_de_passe_deja_utilise",
            },
        }
    }

    /// For people.
    pub(crate) fn message(&self, language: Language) -> String {
        let (fr, en): (String, String) = match self {
            Self::Missing => ("est obligatoire".into(), "is required".into()),
            Self::Unknown => ("n'existe pas ici".into(), "does not exist here".into()),
            Self::Duplicate => ("est donné deux fois".into(), "is given twice".into()),
            Self::AfterFile => ("doit précéder le fichier".into(), "must come before the file".into()),
            Self::Type(expected) => (format!("attendu : {expected}"), format!("expected {expected}")),
            Self::Empty => ("est vide".into(), "is empty".into()),
            Self::TooLong(max) => (format!("dépasse {max} caractères"), format!("is longer than {max} characters")),
            Self::ControlCharacter => {
                ("contient un caractère de contrôle".into(), "contains a control character".into())
            }
            Self::Format(fr, en) => ((*fr).into(), (*en).into()),
            Self::UnknownReference => ("désigne un objet inconnu".into(), "points at nothing".into()),
            Self::Taken => ("est déjà pris".into(), "is taken".into()),
            Self::RepeatedFrom(line) => {
                (format!("est déjà à la ligne {line}"), format!("stands already at line {line}"))
            }
            Self::Cycle => ("ferait d'un équipement une partie de lui-même".into(), "would close a cycle".into()),
            Self::Quote => ("contient un guillemet sans son pendant".into(), "has half a quote".into()),
            Self::Columns { expected, found } => (
                format!("a {found} cellules ; l'en-tête en a {expected}"),
                format!("has {found} cells; the header has {expected}"),
            ),
            Self::WrongPassword => ("n'est pas le mot de passe actuel".into(), "is not the current password".into()),
            Self::Password(rule) => password_message(*rule),
        };
        match language {
            Language::French => fr,
            Language::English => en,
        }
    }
}

fn password_message(rule: PasswordRule) -> (String, String) {
    let (fr, en) = match rule {
        PasswordRule::TooShort { min } => {
            return (format!("a moins de {min} caractères"), format!("has fewer than {min} characters"));
        }
        PasswordRule::NoLowercase => ("n'a pas de lettre minuscule", "has no lower-case letter"),
        PasswordRule::NoUppercase => ("n'a pas de lettre majuscule", "has no upper-case letter"),
        PasswordRule::NoDigit => ("n'a pas de chiffre", "has no digit"),
        PasswordRule::NoSymbol => ("n'a pas de symbole", "has no symbol"),
        PasswordRule::ContainsIdentity => ("contient votre nom ou votre adresse", "contains your name or your address"),
        PasswordRule::CommonWord => (
            "n'est qu'un mot courant entouré de chiffres ou de symboles",
            "is nothing but a common word with digits or symbols",
        ),
        PasswordRule::Reused => ("est l'un des cinq derniers", "is one of the last five"),
    };
    (fr.into(), en.into())
}

impl From<TextError> for FieldProblem {
    fn from(error: TextError) -> Self {
        match error {
            TextError::Empty => Self::Empty,
            TextError::TooLong { max } => Self::TooLong(max),
            TextError::ControlCharacter => Self::ControlCharacter,
        }
    }
}

/// Collects what is wrong with all fields before anything is refused, so that people correct a form once.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// The parsed value, or `None` and a note.
    pub(crate) fn check<T, E: Into<FieldProblem>>(&mut self, name: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.0.push(FieldError { name: name.to_owned(), problem: error.into() })).ok()
    }

    /// A value that must be there.
    pub(crate) fn require<T>(&mut self, name: &str, value: Option<T>) -> Option<T> {
        self.check(name, value.ok_or(FieldProblem::Missing))
    }

    /// Refuses if anything was noted.
    pub(crate) fn finish(self) -> Result<(), super::ApiError> {
        if self.0.is_empty() { Ok(()) } else { Err(super::ApiError::invalid(self.0)) }
    }

    /// The same, for a form that cannot do without some values: a missing one was noted.
    pub(crate) fn finish_with<R: Required>(self, required: R) -> Result<R::Values, super::ApiError> {
        match required.all() {
            Some(values) => self.finish().map(|()| values),
            None => Err(super::ApiError::invalid(self.0)),
        }
    }
}

/// Values that a form cannot do without.
pub(crate) trait Required {
    /// The values themselves.
    type Values;

    /// All of them, or nothing.
    fn all(self) -> Option<Self::Values>;
}

impl<A> Required for Option<A> {
    type Values = A;

    fn all(self) -> Option<A> {
        self
    }
}

impl<A, B> Required for (Option<A>, Option<B>) {
    type Values = (A, B);

    fn all(self) -> Option<(A, B)> {
        self.0.zip(self.1)
    }
}

impl<A, B, C> Required for (Option<A>, Option<B>, Option<C>) {
    type Values = (A, B, C);

    fn all(self) -> Option<(A, B, C)> {
        Some((self.0?, self.1?, self.2?))
    }
}
