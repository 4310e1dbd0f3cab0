//! `mif seed`.

use std::io::Write as _;

use anyhow::bail;
use mif_application::demo::{SeedDemo, SeedDemoError};
use mif_domain::users::PlainPassword;

use crate::compose;
use crate::first_admin::generate_password;
use crate::settings::{Profile, Settings};

/// Enters the demo data. With `once`, data that are there already are fine.
pub(super) async fn demo(settings: &Settings, once: bool) -> anyhow::Result<()> {
    if settings.profile == Profile::Production {
        bail!("demo data are refused in the production profile: their users have a password that several people know");
    }
    let parts = compose::parts(settings).await?;
    let core = &parts.core;
    let password = generate_password(&*core.entropy, core.password_policy);
    let seeded = SeedDemo { password: PlainPassword::parse(password.clone())? }.run(core).await;
    parts.database.close().await;
    let mut output = std::io::stdout();
    match seeded {
        Ok(demo) => {
            writeln!(
                output,
                "\n  Demo data: {} machines, and these users, all with the password {password}",
                demo.machines
            )?;
            for (username, role) in demo.users {
                writeln!(output, "    {username:<20} {}", role.as_str())?;
            }
            writeln!(output)?;
            Ok(())
        }
        Err(SeedDemoError::AlreadySeeded) if once => Ok(()),
        Err(error) => Err(error.into()),
    }
}
