//! The first start: an administrator, and a password that somebody gets to see.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use mif_application::Core;
use mif_application::bootstrap::{EnsureFirstAdmin, any_account};
use mif_domain::Entropy;
use mif_domain::users::{EmailAddress, PasswordPolicy, PlainPassword, Username};
use secrecy::ExposeSecret as _;

use crate::settings::{Profile, Settings};

/// Makes the first administrator when there is no account at all.
pub(crate) async fn ensure(settings: &Settings, core: &Core) -> anyhow::Result<()> {
    if any_account(core).await? {
        return Ok(());
    }
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
    // The password is where somebody can read it before the account exists: one that nobody knows would be lost for ever.
    let shown = std::io::stdout().is_terminal() || settings.profile == Profile::Development;
    let file = if given.is_none() && !shown { Some(write_file(settings, &password)?) } else { None };
    let made = EnsureFirstAdmin { email: email.clone(), password: typed }.run(core).await;
    if let (Some(file), Err(_) | Ok(false)) = (&file, &made) {
        std::fs::remove_file(file).with_context(|| format!("cannot remove {}", file.display()))?;
    }
    if made? {
        tracing::info!(%email, "the first administrator was made");
        match file {
            Some(file) => {
                tracing::warn!(path = %file.display(), "their password is in this file: read it, then delete it");
            }
            None if given.is_none() => show(&email, &password)?,
            None => {}
        }
    }
    Ok(())
}

/// Shows the password once, where only the person who started the server looks.
fn show(email: &EmailAddress, password: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    writeln!(output, "\n  First administrator: {email}\n  Password:            {password}\n")?;
    writeln!(output, "  It is shown this once. Change it after the first sign-in.\n")?;
    Ok(())
}

/// Writes the password into a file of its own that only we may read. A file that is there already, perhaps a link to
/// somewhere else, is not touched.
fn write_file(settings: &Settings, password: &str) -> anyhow::Result<PathBuf> {
    let path = settings.data_dir.join("initial-admin-password");
    let cannot = || format!("cannot write {}: the first administrator's password must go somewhere", path.display());
    DirBuilder::new().recursive(true).mode(0o700).create(&settings.data_dir).with_context(cannot)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).with_context(cannot)?;
    writeln!(file, "{password}").and_then(|()| file.sync_all()).with_context(cannot)?;
    Ok(path)
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
    fn generated_passwords_pass_their_policy_and_differ() {
        for policy in [PasswordPolicy::GoProd, PasswordPolicy::Nist] {
            let passwords = [(); 20].map(|()| generate_password(&OsEntropy, policy));
            for (index, password) in passwords.iter().enumerate() {
                assert!(acceptable(password, policy), "{policy:?} refuses {password}");
                assert_eq!(password.len(), 24);
                assert!(!passwords[..index].contains(password));
            }
        }
    }
}
