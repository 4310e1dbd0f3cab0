//! In French.

use mif_domain::mail::{LetterContent, WayIn};

use super::{Words, in_words};

pub(super) const SIGNATURE: &str = "Message envoyé automatiquement par MIF. Merci de ne pas y répondre.";

const UNITS: [[&str; 2]; 3] = [["minute", "minutes"], ["heure", "heures"], ["jour", "jours"]];

/// Before a bare token.
const COPIED: &str = "Jeton à copier dans l'application, dont l'adresse n'est pas connue du serveur :";

const fn it(way_in: &WayIn) -> &'static str {
    match way_in {
        WayIn::Link(_) => "Ce lien",
        WayIn::Token(_) => "Ce jeton",
    }
}

pub(super) fn words(content: &LetterContent) -> Words {
    match content {
        LetterContent::TokenReuse { username } => {
            Words::new("MIF : une de vos sessions a été fermée").says(format!("Bonjour {username},")).says(
                "Un jeton de connexion déjà utilisé a été présenté une seconde fois : quelqu'un d'autre en avait \
                 peut-être une copie. La session concernée a été fermée. Reconnectez-vous, et changez votre mot de \
                 passe si vous ne reconnaissez pas l'appareil.",
            )
        }
        LetterContent::PasswordReset { username, way_in, minutes_valid } => {
            Words::new("MIF : choisir un nouveau mot de passe")
                .says(format!("Bonjour {username},"))
                .says("Quelqu'un, vous sans doute, a demandé à changer le mot de passe de votre compte.")
                .lets_in("Choisir un nouveau mot de passe", COPIED, way_in)
                .says(format!("{} sert une seule fois et expire dans {}.", it(way_in), in_words(*minutes_valid, UNITS)))
                .says(
                    "Si la demande ne vient pas de vous, ignorez ce message : votre mot de passe reste le même. Ne le \
                     transmettez à personne.",
                )
        }
        LetterContent::EmailConfirmation { username, way_in } => Words::new("MIF : confirmez votre adresse e-mail")
            .says(format!("Bonjour {username},"))
            .says("Cette adresse a été indiquée pour votre compte. Elle ne comptera qu'une fois confirmée.")
            .lets_in("Confirmer cette adresse", COPIED, way_in)
            .says("Si vous n'avez pas de compte MIF, ignorez ce message."),
        LetterContent::EmailChanged { username, new_email_masked } => {
            Words::new("MIF : l'adresse e-mail de votre compte a changé")
                .says(format!("Bonjour {username},"))
                .says(format!(
                    "L'adresse e-mail de votre compte est désormais {new_email_masked}. Celle-ci ne recevra plus de \
                     messages."
                ))
                .says("Si ce changement ne vient pas de vous, prévenez tout de suite votre administrateur.")
        }
        LetterContent::AccountClosed { username } => Words::new("MIF : votre compte a été fermé")
            .says(format!("Bonjour {username},"))
            .says(
                "Un trop grand nombre de mots de passe faux a été essayé sur votre compte. Il a été fermé pour le \
                 protéger : même le bon mot de passe n'ouvre plus.",
            )
            .says(
                "Pour le rouvrir, demandez un nouveau mot de passe avec « Mot de passe oublié » sur la page de \
                 connexion, ou adressez-vous à votre administrateur.",
            ),
        LetterContent::Invitation { username, way_in, minutes_valid } => Words::new("MIF : votre compte est prêt")
            .says("Bonjour,")
            .says(format!(
                "Un compte a été créé pour vous dans MIF, la gestion de la maintenance. Votre nom d'utilisateur est \
                 {username}. Il reste à choisir votre mot de passe."
            ))
            .lets_in("Choisir mon mot de passe", COPIED, way_in)
            .says(format!(
                "{} sert une seule fois et expire dans {}. Ne le transmettez à personne.",
                it(way_in),
                in_words(*minutes_valid, UNITS)
            )),
        LetterContent::InterventionNotice { title, content, link } => {
            let notice = Words::new(format!("MIF : {title}")).says(content);
            link.iter().fold(notice, |notice, link| notice.links("Ouvrir dans MIF", link))
        }
    }
}
