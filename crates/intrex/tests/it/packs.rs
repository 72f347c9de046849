//! Packs over a real database: what taking one over makes of an organisation's templates, again and beside what it has changed.

use intrex_core::{
    Error,
    packs::{self, PackLook, RawApply, RuleState},
    permission::Role,
    templates::{self, RawTemplate},
};
use serde_json::{Value, json};

use crate::support::{Tenant, TestApp};

const PACK: &str = "india";

async fn applied(app: &TestApp, acme: &Tenant, more: Value) -> PackLook {
    let mut body = json!({ "pack": PACK });
    for (name, value) in more.as_object().expect("fields") {
        body[name] = value.clone();
    }
    let raw: RawApply = serde_json::from_value(body).expect("fields");
    packs::commands::apply(&app.app, &acme.operator, &raw)
        .await
        .expect("is taken over")
}

fn sums(look: &PackLook) -> [u32; 4] {
    [look.made, look.changed, look.retired, look.kept]
}

fn state(look: &PackLook, code: &str) -> RuleState {
    let found = look.looks.iter().find(|rule| rule.code == code);
    found.expect("is among them").state
}

fn template(code: &str, title: &str) -> RawTemplate {
    RawTemplate {
        code: code.into(),
        title: title.into(),
        category: "tax_vat".into(),
        ..RawTemplate::default()
    }
}

#[tokio::test]
async fn a_pack_is_taken_over_once_and_says_first_what_it_does() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let templates = "select count(*) from app.obligation_templates";
    let rules = packs::find(PACK)
        .expect("is read")
        .expect("is there")
        .rules
        .len();
    let rules = u32::try_from(rules).expect("few");
    let look = applied(&app, &acme, json!({ "dry_run": true })).await;
    assert_eq!((sums(&look), look.dry_run), ([rules, 0, 0, 0], true));
    assert_eq!(app.count(templates).await, 0, "a look writes nothing");
    assert!(look.summary.applied_version.is_none());
    let look = applied(&app, &acme, json!({})).await;
    assert_eq!((sums(&look), look.dry_run), ([rules, 0, 0, 0], false));
    assert_eq!(app.count(templates).await, i64::from(rules));
    assert_eq!(app.told("template.created").await, i64::from(rules));
    assert_eq!(app.told("pack.applied").await, 1);
    let look = applied(&app, &acme, json!({})).await;
    assert_eq!(sums(&look), [0; 4], "the second time changes nothing");
    assert!(look.looks.iter().all(|rule| rule.state == RuleState::Same));
    assert_eq!(
        look.summary.applied_version.as_ref(),
        Some(&look.summary.version)
    );
    let others = applied(&app, &globex, json!({ "dry_run": true })).await;
    assert_eq!(
        sums(&others),
        [rules, 0, 0, 0],
        "another organisation has nothing of it"
    );
    app.finish().await;
}

#[tokio::test]
async fn what_the_organisation_has_changed_stays_unless_it_is_asked_for() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let mine = template("in-gstr-9", "Our own yearly return");
    let create = |raw, pack| templates::commands::create(&app.app, &acme.operator, raw, pack);
    create(&mine, None).await.expect("is made");
    let old = template("in-of-old", "What nobody asks for any more");
    create(&old, Some(PACK)).await.expect("is made");
    let look = applied(&app, &acme, json!({})).await;
    assert_eq!(state(&look, "in-gstr-9"), RuleState::Own);
    assert_eq!(state(&look, "in-of-old"), RuleState::Gone);
    assert_eq!((look.retired, look.kept), (1, 1));
    let active =
        "select count(*) from app.obligation_templates where code = 'in-of-old' and active";
    assert_eq!(app.count(active).await, 0);
    let edited = "update app.obligation_templates set title = 'Ours' where code = 'in-epf'";
    sqlx::query(edited)
        .execute(&mut app.superuser().await)
        .await
        .expect("is changed");
    let ours =
        "select count(*) from app.obligation_templates where code = 'in-epf' and title = 'Ours'";
    let look = applied(&app, &acme, json!({})).await;
    assert_eq!(state(&look, "in-epf"), RuleState::Edited);
    assert_eq!((sums(&look), app.count(ours).await), ([0, 0, 0, 2], 1));
    let look = applied(&app, &acme, json!({ "overwrite": ["in-epf"] })).await;
    assert_eq!((sums(&look), app.count(ours).await), ([0, 1, 0, 1], 0));
    let look = applied(&app, &acme, json!({ "dry_run": true })).await;
    assert_eq!(state(&look, "in-epf"), RuleState::Same);
    app.finish().await;
}

#[tokio::test]
async fn two_who_take_it_over_at_once_make_each_template_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let (one, other) = tokio::join!(
        applied(&app, &acme, json!({})),
        applied(&app, &acme, json!({}))
    );
    let mut made = [one.made, other.made];
    made.sort_unstable();
    assert_eq!(made[0], 0);
    let templates = "select count(*) from app.obligation_templates";
    assert_eq!(app.count(templates).await, i64::from(made[1]));
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_field() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    for (body, field) in [
        (json!({}), "pack"),
        (json!({ "pack": "atlantis" }), "pack"),
        (
            json!({ "pack": PACK, "overwrite": ["bd-trade-licence"] }),
            "overwrite",
        ),
        (json!({ "pack": PACK, "dry_run": "perhaps" }), "dry_run"),
    ] {
        let raw: RawApply = serde_json::from_value(body.clone()).expect("fields");
        match packs::commands::apply(&app.app, &acme.operator, &raw).await {
            Err(Error::Invalid(errors)) => assert_eq!(errors[0].field, field, "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn an_admin_looks_at_a_pack_and_takes_it_over_on_pages() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let site = app.serve().await;
    let browser = app.signed_in(&site, &alice).await;
    let all = "/templates/packs";
    assert!(browser.visit("/templates").await.body.contains(all));
    let list = browser.visit(all).await.body;
    assert!(
        list.contains("Bangladesh") && list.contains("not yet"),
        "{list}"
    );
    let one = format!("{all}?pack={PACK}");
    let look = browser.visit(&one).await.body;
    assert!(
        look.contains("21 templates are made.") && look.contains("in-gstr-1"),
        "{look}"
    );
    let taken = browser.submit(&one, all, &[("pack", PACK)]).await;
    assert_eq!(taken.leads_to(), one);
    let look = browser.visit(&one).await.body;
    assert!(
        look.contains("No template is made.") && look.contains("version 1.0.0"),
        "{look}"
    );
    assert_eq!(
        browser.visit(&format!("{all}?pack=atlantis")).await.status,
        422
    );
    app.finish().await;
}
