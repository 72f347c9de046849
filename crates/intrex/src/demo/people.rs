//! The demonstration's people, for its sign-in page and for whoever started it.

use std::collections::HashMap;

use anyhow::Result;
use intrex_core::{Actor, App, branches, permission::Role};
use intrex_web::DemoPerson;

use super::file::DemoFile;
use crate::{
    cli::{everybody, line, told},
    config::Config,
};

/// What the audit log would show if looking at people were an act.
const LOOKING: &str = "listed for the demonstration's sign-in page";

/// Everybody, as the sign-in page offers them.
///
/// # Errors
/// When the database cannot be read.
pub async fn people(app: &App, file: &DemoFile) -> Result<Vec<DemoPerson>> {
    let mut people = Vec::new();
    for tenant in &file.tenants {
        let onlooker = Actor::operator(tenant.id.into(), LOOKING).map_err(told)?;
        let present = everybody(app, &onlooker).await?;
        let mut tx = app.db.read(&onlooker).await.map_err(told)?;
        let branches = branches::reads::all(&mut tx).await.map_err(told)?;
        tx.finish().await.map_err(told)?;
        let names: HashMap<_, _> = branches
            .into_iter()
            .map(|branch| (branch.id.uuid(), branch.name))
            .collect();
        for user in &tenant.users {
            // Somebody may have been renamed or removed by whoever tries the demonstration.
            let Some(person) = present.iter().find(|person| person.id.uuid() == user.id) else {
                continue;
            };
            people.push(DemoPerson {
                tenant: tenant.id.into(),
                tenant_name: tenant.name.clone(),
                person: person.id,
                name: person.name.clone(),
                email: person.email.clone(),
                password: user.password.clone().into(),
                role: person.role,
                branches: person
                    .branch_ids
                    .iter()
                    .filter_map(|id| names.get(&id.uuid()).cloned())
                    .collect(),
            });
        }
    }
    Ok(people)
}

/// Tells whoever started it where it is and how to sign in.
///
/// # Errors
/// When standard output cannot be written.
pub fn tell(file: &DemoFile, config: &Config) -> Result<()> {
    line("")?;
    line(&format!(
        "  Intrex is running with demo data: {}",
        file.base_url
    ))?;
    for tenant in &file.tenants {
        line("")?;
        line(&format!("  {}", tenant.name))?;
        for user in &tenant.users {
            let role = match Role::parse(&user.role) {
                Some(Role::HeadOfficeAdmin) => "head office admin",
                Some(Role::BranchManager) => "branch manager",
                Some(Role::Operator) | None => "operator",
            };
            let (email, password) = (&user.email, &user.password);
            line(&format!("    {role:<18} {email:<36} {password}"))?;
        }
    }
    line("")?;
    line("  To sign in, choose somebody on the sign-in page: that signs in with both factors.")?;
    line(
        "  The code beside each name is for typing it all oneself. Everything a script needs stands in",
    )?;
    line(&format!(
        "  {} (this demonstration alone has such a file).",
        config.data_dir.join(crate::config::DEMO_FILE).display()
    ))?;
    line("  Ctrl-C stops everything.")?;
    line("")
}
