//! The first start: an administrator, and a password that somebody gets to see.

use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::{Context as _, bail};
use mif_application::Core;
use mif_application::bootstrap::EnsureFirstAdmin;
use mif_domain::Entropy;
use mif_domain::users::{EmailAddress, PasswordPolicy, PlainPassword, Username};
use secrecy::ExposeSecret as _;

use crate::settings::{Profile, Settings};

/// Makes the first administrator when there is no account at all.
pub(crate) async fn ensure(settings: &Settings, core: &Core) -> anyhow::Result<()> {
    let email = settings.bootstrap.admin_email.clone();
    let given = settings.bootstrap.admin_password.as_ref();
    let password = match given {
        Some(password) => password.expose_secret().to_owned(),
        None => generate_password(&*core.entropy, core.password_policy),
    };
    let typed = PlainPassword::parse(password.clone()).context("MIF_BOOTSTRAP__ADMIN_PASSWORD")?;
    let username = Username::suggested_from(&email, 1);
    let broken = core.password_policy.broken_rules(&typed, &username, &email);
    if !broken.is_empty() {
        bail!("MIF_BOOTSTRAP__ADMIN_PASSWORD breaks the password policy: {broken:?}");
    }
    let made = EnsureFirstAdmin { email: email.clone(), password: typed }.run(core).await?;
    if made {
        tracing::info!(%email, "the first administrator was made");
        if given.is_none() {
            hand_over(settings, &email, &password)?;
        }
    }
    Ok(())
}

/// Shows the password once, where only the person who started the server looks.
fn hand_over(settings: &Settings, email: &EmailAddress, password: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    if output.is_terminal() || settings.profile == Profile::Development {
        writeln!(output, "\n  First administrator: {email}\n  Password:            {password}\n")?;
        writeln!(output, "  It is shown this once. Change it after the first sign-in.\n")?;
        return Ok(());
    }
    let path = settings.data_dir.join("initial-admin-password");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    writeln!(file, "{password}")?;
    file.sync_all()?;
    tracing::warn!(path = %path.display(), "the first administrator's password is in this file: read it, then delete it");
    Ok(())
}

/// A password that every policy accepts: 20 letters and digits that cannot be mistaken for each other, in groups.
pub(crate) fn generate_password(entropy: &dyn Entropy, policy: PasswordPolicy) -> String {
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    loop {
        let mut password = String::new();
        while password.len() < 24 {
            let mut byte = [0];
            entropy.fill(&mut byte);
            // A byte beyond the last whole multiple is thrown away: otherwise some letters would come more often.
            let [byte] = byte;
            let whole = 256 - 256 % ALPHABET.len();
            if usize::from(byte) < whole
                && let Some(letter) = ALPHABET.get(usize::from(byte) % ALPHABET.len())
            {
                if password.len() % 5 == 4 {
                    password.push('-');
                }
                password.push(char::from(*letter));
            }
        }
        // Chance may leave out a class of characters.
        if acceptable(&password, policy) {
            return password;
        }
    }
}

fn acceptable(password: &str, policy: PasswordPolicy) -> bool {
    let (Ok(typed), Ok(username), Ok(email)) =
        (PlainPassword::parse(password.to_owned()), Username::parse("nobody"), EmailAddress::parse("nobody@mif.local"))
    else {
        return false;
    };
    policy.broken_rules(&typed, &username, &email).is_empty()
}

#[cfg(test)]
mod tests {
    use mif_security::OsEntropy;

    use super::*;

    #[test]
    fn generated_passwords_pass_every_policy_and_differ() {
        let first = generate_password(&OsEntropy, PasswordPolicy::GoProd);
        let second = generate_password(&OsEntropy, PasswordPolicy::Nist);
        assert_ne!(first, second);
        for password in [first, second] {
            assert!(acceptable(&password, PasswordPolicy::GoProd) || acceptable(&password, PasswordPolicy::Nist));
            assert_eq!(password.len(), 24);
        }
    }
}
