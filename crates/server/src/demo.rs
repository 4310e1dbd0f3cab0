//! The demo data, and the password of its users.

use std::io::Write as _;

use anyhow::bail;
use mif_application::Core;
use mif_application::demo::{SeedDemo, SeedDemoError};
use mif_domain::users::PlainPassword;

use crate::first_admin::generate_password;
use crate::settings::{Profile, Settings};

/// Enters the demo data and prints the password of its users. With `unless_there`, data that are there already are fine.
pub(crate) async fn seed(settings: &Settings, core: &Core, unless_there: bool) -> anyhow::Result<()> {
    if settings.profile == Profile::Production {
        bail!("demo data are refused in the production profile: their users have a password that several people know");
    }
    let password = generate_password(&*core.entropy, core.password_policy);
    let seeded = SeedDemo { password: PlainPassword::parse(password.clone())? }.run(core).await;
    let mut output = std::io::stdout();
    match seeded {
        Ok(demo) => {
            let (machines, interventions) = (demo.machines, demo.interventions);
            writeln!(output, "\n  Demo data: {machines} machines, {interventions} interventions")?;
            writeln!(output, "  and these users, all with the password {password}")?;
            for (username, role) in demo.users {
                writeln!(output, "    {:<20} {}", username.as_str(), role.as_str())?;
            }
            writeln!(output)?;
            Ok(())
        }
        Err(SeedDemoError::AlreadySeeded) if unless_there => Ok(()),
        Err(error) => Err(error.into()),
    }
}
