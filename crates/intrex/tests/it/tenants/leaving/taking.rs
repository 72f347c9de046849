//! What an organisation takes along.

use std::collections::BTreeMap;

use intrex_core::{
    Error,
    tenants::{self, Part},
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _};

use crate::isolation::scene::Scene;

/// Obligations besides those of the scene: more than a page.
const MORE: usize = 1_200;

#[tokio::test]
async fn what_is_taken_along_is_the_register_and_no_secret() {
    let scene = Scene::begin().await;
    let (app, acme) = (&scene.app, &scene.acme);
    let branch: String = scene.first_branch();
    let statement = format!(
        "insert into app.obligation_instances (tenant_id, id, branch_id, series_id, series_anchor, category, title, severity,
             occurrence_on, due_on, lead_days, source, reminders_from, created_at, updated_at)
           select '{}', gen_random_uuid(), '{branch}', gen_random_uuid(), '2026-12-01', 'licence', 'one of many', 'low', '2026-12-01',
             '2026-12-01', '{{1}}', 'manual', '2026-11-22', '2026-11-22', '2026-11-22' from generate_series(1, {MORE})",
        acme.id
    );
    let mut superuser = app.superuser().await;
    superuser
        .execute(AssertSqlSafe(statement))
        .await
        .expect("many");
    let alice = app.acting(&scene.alice).await;
    let refused = tenants::export(&app.app, &alice, async |_, _| Ok(())).await;
    assert!(matches!(refused, Err(Error::Forbidden)), "{refused:?}");

    let mut parts: BTreeMap<Part, Vec<Value>> = BTreeMap::new();
    let mut text = String::new();
    let total = tenants::export(&app.app, &acme.operator, async |part, lines| {
        assert_eq!(lines.text.lines().count(), lines.count);
        assert!(lines.count <= 1_000, "a page at a time");
        let read = lines
            .text
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        parts.entry(part).or_default().extend(read);
        text += &lines.text;
        Ok(())
    })
    .await
    .expect("is taken");
    assert_eq!(total, parts.values().map(Vec::len).sum::<usize>());
    let missing: Vec<_> = Part::ALL
        .iter()
        .filter(|part| !parts.contains_key(part))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    for (part, table) in [
        (Part::Branches, "branches"),
        (Part::People, "people"),
        (Part::Templates, "obligation_templates"),
        (Part::Obligations, "obligation_instances"),
        (Part::Imports, "imports"),
        (Part::AccessReviews, "access_reviews"),
        (Part::AuditEvents, "audit_events"),
    ] {
        let count = format!("select count(*) from app.{table} where tenant_id = $1");
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(acme.id.uuid())
            .fetch_one(&mut superuser)
            .await
            .expect("counts");
        let lines = i64::try_from(parts[&part].len()).expect("few");
        assert_eq!(lines, count, "{part:?}");
    }
    let told = parts[&Part::AuditEvents]
        .iter()
        .filter(|event| event["action"] == "tenant.exported");
    assert_eq!(told.count(), 1, "it is in the log before it is read");
    assert!(
        parts[&Part::AccessReviews][0]["rows"]
            .as_array()
            .is_some_and(|rows| rows.len() >= 4)
    );
    for word in [
        "GULSHANSIDE",
        "zenobia@",
        "fire certificate of gulshan",
        "one of many",
    ] {
        assert!(text.contains(word), "{word}");
    }
    // Every secret that the database holds of Acme, and every word of the other organisation.
    let secrets: Vec<String> = sqlx::query_scalar(
        "select password_hash from app.people where tenant_id = $1 and password_hash is not null
         union all select totp_secret from app.people where tenant_id = $1 and totp_secret is not null
         union all select encode(token_hash, 'hex') from app.api_tokens where tenant_id = $1
         union all select encode(sid_hash, 'hex') from app.sessions where tenant_id = $1
         union all select encode(token_hash, 'hex') from app.invitations where tenant_id = $1
         union all select encode(credential_id, 'hex') from app.passkeys where tenant_id = $1
         union all select client_secret from app.oidc_providers where tenant_id = $1
         union all select wrapped from app.data_keys where tenant_id = $1 and wrapped is not null",
    )
    .bind(acme.id.uuid())
    .fetch_all(&mut superuser)
    .await
    .expect("secrets");
    assert!(secrets.len() > 20, "{}", secrets.len());
    for secret in &secrets {
        assert!(!text.contains(secret.as_str()), "{secret}");
    }
    for word in [
        "password_hash",
        "totp",
        "sid_hash",
        "token_hash",
        "client_secret",
        "depot",
        "DEPOT",
        "mallory",
        "Globex",
    ] {
        assert!(!text.contains(word), "{word}");
    }
    scene.app.finish().await;
}
