//! Taking a pack over: its rules become the organisation's templates. What the organisation has changed stays, unless it is asked
//! for; what the pack has no more is retired. Obligations that were made from a template stay as they are.

use super::{
    PackLook, RawApply,
    compare::{digest, of_rule},
    queries,
    reads::Compared,
};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    branches,
    error::{Conflict, Error, Result},
    ids::TemplateId,
    jurisdictions,
    permission::Permission,
    templates::queries as templates,
};

/// Takes a pack over, or says what that would do.
pub async fn apply(app: &App, actor: &Actor, raw: &RawApply) -> Result<PackLook> {
    actor.may(Permission::TemplatesWrite)?;
    let wanted = raw.parse()?;
    let (tenant, pack) = (actor.tenant(), wanted.pack);
    if wanted.dry_run {
        let mut tx = app.db.read(actor).await?;
        let compared = Compared::read(tx.conn(), tenant, pack).await?;
        tx.finish().await?;
        return Ok(compared.look(&wanted.overwrite, true));
    }
    let mut tx = app.db.write(actor).await?;
    let now = tx.now();
    // First, so that of two who do it at once the second one sees what the first has done.
    queries::apply(tx.conn(), tenant, &pack.name, &pack.version, now).await?;
    let compared = Compared::read(tx.conn(), tenant, pack).await?;
    let places =
        jurisdictions::commands::take_over(app, &mut tx, &pack.name, &pack.places, now).await?;
    let places_made = places.len();
    let mut events = places;
    events.extend(branches::commands::settle_all(&mut tx, now).await?);
    let told = |action, id: TemplateId, title: &str| {
        Event::new("template", action)
            .on("template", id)
            .with("pack", pack.name.as_str())
            .with("version", pack.version.as_str())
            .summary(title)
    };
    for (rule, look) in &compared.rules {
        let id = match look.template_id {
            None => {
                let id: TemplateId = app.new_id();
                templates::insert(tx.conn(), tenant, id, rule, now).await?;
                events.push(told("template.created", id, &rule.title));
                id
            }
            Some(id) if Compared::writes(look, &wanted.overwrite) => {
                let had = templates::find(tx.conn(), tenant, id).await?;
                let version = had.ok_or(Error::NotFound)?.version;
                if !templates::update(tx.conn(), tenant, id, rule, version, now).await? {
                    return Err(Error::Conflict(Conflict::Stale));
                }
                let mut event = told("template.updated", id, &rule.title);
                for change in &look.changes {
                    event =
                        event.changed(change.field, change.before.as_str(), change.after.as_str());
                }
                events.push(event);
                id
            }
            Some(id) if look.state == super::RuleState::Same => id,
            Some(_) => continue,
        };
        let said = digest(&of_rule(rule))?;
        if let Some(checked_on) = look.checked_on {
            queries::taken_over(tx.conn(), tenant, id, &said, checked_on).await?;
        }
    }
    for look in &compared.gone {
        let Some(id) = look.template_id else { continue };
        if templates::set_active(tx.conn(), tenant, id, false, now).await? {
            events.push(told("template.retired", id, &look.title));
        }
    }
    let applied = compared.look(&wanted.overwrite, false);
    events.push(
        Event::new("template", "pack.applied")
            .with("pack", pack.name.as_str())
            .with("version", pack.version.as_str())
            .with("places", places_made)
            .with("made", applied.made)
            .with("changed", applied.changed)
            .with("retired", applied.retired)
            .with("kept", applied.kept)
            .summary(&pack.title),
    );
    tx.commit_answering(events, &applied).await?;
    Ok(applied)
}
