//! `mif admin`.

use std::io::Write as _;

use anyhow::Context as _;
use mif_application::bootstrap::{CreateAdmin, ResetPassword, ResetSecondFactor, UnlockAccount};
use mif_domain::users::{EmailAddress, PlainPassword, Username};

use super::password_from_stdin;
use crate::cli::Admin;
use crate::compose;
use crate::first_admin::generate_password;
use crate::settings::Settings;

pub(super) async fn run(command: Admin, settings: &Settings) -> anyhow::Result<()> {
    let parts = compose::parts(settings).await?;
    let core = &parts.core;
    let password = |from_stdin: bool| -> anyhow::Result<(PlainPassword, Option<String>)> {
        if let Some(password) = password_from_stdin(from_stdin)? {
            return Ok((password, None));
        }
        let made = generate_password(&*core.entropy, core.password_policy);
        Ok((PlainPassword::parse(made.clone())?, Some(made)))
    };
    let mut output = std::io::stdout();
    let generated = match command {
        Admin::Create { email, username, password_stdin } => {
            let username = Username::parse(&username).context("--username")?;
            let email = EmailAddress::parse(&email).context("--email")?;
            let (password, generated) = password(password_stdin)?;
            let user = CreateAdmin { username, email, password }.run(core).await?;
            writeln!(output, "administrator {} was made", user.username)?;
            generated
        }
        Admin::Unlock { user } => {
            let unlocked = UnlockAccount { name: user }.run(core).await?;
            writeln!(output, "{} is unlocked", unlocked.username)?;
            None
        }
        Admin::ResetMfa { user } => {
            ResetSecondFactor { name: user.clone() }.run(core).await?;
            writeln!(output, "{user} signs in with the password alone, and has no session any more")?;
            None
        }
        Admin::ResetPassword { user, password_stdin } => {
            let (password, generated) = password(password_stdin)?;
            ResetPassword { name: user.clone(), password }.run(core).await?;
            writeln!(output, "{user} has a temporary password, and no session any more")?;
            generated
        }
    };
    if let Some(password) = generated {
        writeln!(output, "password: {password}")?;
    }
    parts.database.close().await;
    Ok(())
}
