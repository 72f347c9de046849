//! What can be done to a template: one function each.

use super::{RawTemplate, model::Template, queries};
use crate::{
    App,
    actor::Actor,
    audit::Event,
    catalogue::keys,
    db::WriteTx,
    error::{Conflict, Error, Result},
    ids::TemplateId,
    permission::Permission,
};

/// Creates a template of the tenant's own, or from a pack.
pub async fn create(
    app: &App,
    actor: &Actor,
    raw: &RawTemplate,
    pack: Option<&str>,
) -> Result<Template> {
    actor.may(Permission::TemplatesWrite)?;
    let new = raw.parse(pack)?;
    let id: TemplateId = app.new_id();
    let mut tx = app.db.write(actor).await?;
    queries::insert(tx.conn(), actor.tenant(), id, &new, app.now())
        .await
        .map_err(refused)?;
    let made = shown(&mut tx, id).await?;
    let event = told("template.created", &made);
    tx.commit_answering(vec![event], &made).await?;
    Ok(made)
}

/// Writes a template in place of the old one; its code stays. Obligations that were made from it stay as they are.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: TemplateId,
    raw: &RawTemplate,
    seen: Option<i32>,
) -> Result<Template> {
    actor.may(Permission::TemplatesWrite)?;
    let mut tx = app.db.write(actor).await?;
    let old = shown(&mut tx, id).await?;
    let new = raw.parse(None)?;
    if new.code != old.code {
        return Err(Error::invalid("code", keys::OBLIGATION_FIELD_FIXED));
    }
    let version = seen.unwrap_or(old.version);
    if !queries::update(tx.conn(), actor.tenant(), id, &new, version, app.now()).await? {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let changed = shown(&mut tx, id).await?;
    let event = told("template.updated", &changed)
        .changed("title", old.title, changed.title.as_str())
        .changed("category", old.category, changed.category.as_str())
        .changed("recurrence", old.recurrence, changed.recurrence.clone())
        .changed("severity", old.severity, changed.severity.as_str());
    tx.commit_answering(vec![event], &changed).await?;
    Ok(changed)
}

/// Stops making obligations from a template.
pub async fn retire(app: &App, actor: &Actor, id: TemplateId) -> Result<Template> {
    actor.may(Permission::TemplatesWrite)?;
    let mut tx = app.db.write(actor).await?;
    let was = shown(&mut tx, id).await?;
    if !queries::set_active(tx.conn(), actor.tenant(), id, false, app.now()).await? {
        return Ok(was);
    }
    let retired = shown(&mut tx, id).await?;
    let event = told("template.retired", &retired);
    tx.commit_answering(vec![event], &retired).await?;
    Ok(retired)
}

async fn shown(tx: &mut WriteTx, id: TemplateId) -> Result<Template> {
    let tenant = tx.actor().tenant();
    queries::find(tx.conn(), tenant, id)
        .await?
        .ok_or(Error::NotFound)
}

fn told(action: &'static str, template: &Template) -> Event {
    Event::new("template", action)
        .on("template", template.id)
        .summary(&template.title)
}

fn refused(error: sqlx::Error) -> Error {
    match Error::constraint(&error) {
        Some("obligation_templates_code") => Error::invalid("code", keys::ERROR_FIELD_TAKEN),
        _ => error.into(),
    }
}
