//! What is shown of packs, beside what the reader's organisation has of them.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::{
    Pack, PackLook, PackSummary, RuleLook, RuleState,
    compare::{Own, compare},
    input, queries, shelf,
};
use crate::{
    db::ReadTx,
    error::{Error, FieldErrors, Result},
    ids::TenantId,
    permission::Permission,
    raw::Raw,
    templates::Definition,
};

/// Every pack.
pub async fn list(tx: &mut ReadTx) -> Result<Vec<PackSummary>> {
    tx.may(Permission::TemplatesRead)?;
    let tenant = tx.actor().tenant();
    let applied = queries::applied(tx.conn(), tenant).await?;
    let all = shelf::all()?.iter();
    Ok(all.map(|pack| summary(pack, &applied)).collect())
}

/// What taking a pack over would do.
pub async fn look(tx: &mut ReadTx, pack: &Raw) -> Result<PackLook> {
    tx.may(Permission::TemplatesRead)?;
    let mut errors = FieldErrors::new();
    let pack = input::named(pack, &mut errors)?;
    errors.finish()?;
    let pack = pack.ok_or(Error::NotFound)?;
    let tenant = tx.actor().tenant();
    Ok(Compared::read(tx.conn(), tenant, pack)
        .await?
        .look(&[], true))
}

fn summary(pack: &Pack, applied: &[queries::Applied]) -> PackSummary {
    let applied = applied.iter().find(|one| one.pack == pack.name);
    PackSummary {
        pack: pack.name.clone(),
        title: pack.title.clone(),
        version: pack.version.clone(),
        jurisdiction: pack.jurisdiction.clone(),
        checked_on: pack.checked_on,
        note: pack.note.clone(),
        rules: u32::try_from(pack.rules.len()).unwrap_or(u32::MAX),
        applied_version: applied.map(|one| one.version.clone()),
        applied_at: applied.map(|one| one.applied_at),
    }
}

/// A pack beside an organisation's templates.
pub(super) struct Compared {
    summary: PackSummary,
    pub(super) rules: Vec<(Definition, RuleLook)>,
    /// What the pack has no more.
    pub(super) gone: Vec<RuleLook>,
}

impl Compared {
    pub(super) async fn read(
        conn: &mut PgConnection,
        tenant: TenantId,
        pack: &Pack,
    ) -> Result<Self> {
        let applied = queries::applied(conn, tenant).await?;
        let mut definitions = Vec::with_capacity(pack.rules.len());
        for rule in &pack.rules {
            definitions.push((rule.template.parse(Some(&pack.name))?, rule.checked_on));
        }
        let codes: Vec<String> = definitions
            .iter()
            .map(|(rule, _)| rule.code.clone())
            .collect();
        let own = queries::own(conn, tenant, &pack.name, &codes).await?;
        let mut own: HashMap<String, Own> = own
            .into_iter()
            .map(|one| (one.template.code.clone(), one))
            .collect();
        let mut rules = Vec::with_capacity(definitions.len());
        for (rule, checked_on) in definitions {
            let here = own.remove(&rule.code);
            let (state, changes) = compare(&pack.name, &rule, here.as_ref())?;
            let look = RuleLook {
                code: rule.code.clone(),
                title: rule.title.clone(),
                authority: rule.authority.clone(),
                citation: rule.citation.clone(),
                jurisdiction: rule.jurisdiction.clone(),
                severity: rule.severity.as_str().to_owned(),
                checked_on: Some(checked_on),
                state,
                template_id: here.map(|here| here.template.id),
                changes,
            };
            rules.push((rule, look));
        }
        let mut gone: Vec<RuleLook> = own
            .into_values()
            .filter(|one| one.template.active)
            .map(|one| RuleLook {
                code: one.template.code,
                title: one.template.title,
                authority: one.template.authority,
                citation: one.template.citation,
                jurisdiction: one.template.jurisdiction,
                severity: one.template.severity,
                checked_on: None,
                state: RuleState::Gone,
                template_id: Some(one.template.id),
                changes: Vec::new(),
            })
            .collect();
        gone.sort_by(|one, other| one.code.cmp(&other.code));
        Ok(Compared {
            summary: summary(pack, &applied),
            rules,
            gone,
        })
    }

    /// Whether a rule is written over what the organisation has.
    pub(super) fn writes(look: &RuleLook, overwrite: &[String]) -> bool {
        match look.state {
            RuleState::Changed => true,
            RuleState::Edited => overwrite.contains(&look.code),
            RuleState::New | RuleState::Same | RuleState::Own | RuleState::Gone => false,
        }
    }

    pub(super) fn look(self, overwrite: &[String], dry_run: bool) -> PackLook {
        let count = |of: &dyn Fn(&RuleLook) -> bool| {
            let all = self.rules.iter().map(|(_, look)| look);
            u32::try_from(all.filter(|look| of(look)).count()).unwrap_or(u32::MAX)
        };
        let written = count(&|look| Self::writes(look, overwrite));
        let made = count(&|look| look.state == RuleState::New);
        let kept = count(&|look| {
            matches!(look.state, RuleState::Edited | RuleState::Own)
                && !Self::writes(look, overwrite)
        });
        let retired = u32::try_from(self.gone.len()).unwrap_or(u32::MAX);
        let rules = self.rules.into_iter().map(|(_, look)| look);
        PackLook {
            summary: self.summary,
            looks: rules.chain(self.gone).collect(),
            made,
            changed: written,
            retired,
            kept,
            dry_run,
        }
    }
}
