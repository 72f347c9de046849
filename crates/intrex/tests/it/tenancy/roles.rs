//! The product refuses to run as a role that sees around row level security.

use std::sync::Arc;

use intrex_core::{
    Error,
    clock::Chance,
    db::{DangerousRole, Db, DbOptions},
};
use sqlx::{AssertSqlSafe, Executor as _, postgres::PgConnectOptions};

use crate::support::TestApp;

async fn refusal(app: &TestApp, in_app: PgConnectOptions, in_system: PgConnectOptions) -> String {
    let options = DbOptions {
        app: in_app,
        system: in_system,
        max_connections: 1,
    };
    let clock = app.app.clock.clone();
    let refused = Db::connect(options, clock, Chance, Arc::clone(&app.app.vault)).await;
    match refused {
        Err(Error::Internal { cause, .. }) => cause
            .downcast::<DangerousRole>()
            .expect("the role is refused")
            .to_string(),
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("the role was accepted"),
    }
}

#[tokio::test]
async fn superuser_owner_and_mixed_up_roles_are_refused() {
    let app = TestApp::start().await;
    let role = |name: &str| app.database().options(name);
    let superuser = || app.database().superuser_options();
    for (in_app, in_system, words) in [
        (superuser(), role("intrex_system"), "it is a superuser"),
        (role("intrex_app"), superuser(), "it is a superuser"),
        (
            role("intrex_migrate"),
            role("intrex_system"),
            "it is a member of another role",
        ),
        (
            role("intrex_system"),
            role("intrex_system"),
            "not the role that is meant",
        ),
        (
            role("intrex_app"),
            role("intrex_app"),
            "not the role that is meant",
        ),
    ] {
        let message = refusal(&app, in_app, in_system).await;
        assert!(message.contains(words), "{words}: {message}");
        assert!(message.contains("refusing to run as"), "{message}");
        assert!(message.contains("Give the role intrex_"), "{message}");
    }
    app.finish().await;
}

/// Roles belong to the whole server, so that this test makes its own ones.
#[tokio::test]
async fn dangerous_attributes_are_refused_one_by_one() {
    let app = TestApp::start().await;
    let mut superuser = app.superuser().await;
    for (number, (attributes, words)) in [
        ("bypassrls", "it has BYPASSRLS"),
        ("replication", "it has REPLICATION"),
        ("createrole", "it has CREATEROLE"),
        ("in role pg_read_all_data", "it is a member of another role"),
        ("owner", "it owns tables"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("dangerous_{}_{number}", std::process::id());
        let (attributes, owns) = match attributes {
            "owner" => (
                "",
                format!(
                    "create table public.owned_{number} (); alter table public.owned_{number} owner to {name};"
                ),
            ),
            other => (other, String::new()),
        };
        let make = format!(
            "create role {name} login password 'for-this-test-alone' {attributes}; {owns}
             grant connect on database {} to {name}",
            app.database().name()
        );
        superuser
            .execute(AssertSqlSafe(make))
            .await
            .expect("is made");
        let options = app
            .database()
            .options("intrex_app")
            .username(&name)
            .password("for-this-test-alone");
        let message = refusal(&app, options, app.database().options("intrex_system")).await;
        let undo = format!("drop owned by {name}; drop role {name}");
        superuser
            .execute(AssertSqlSafe(undo))
            .await
            .expect("is removed");
        assert!(message.contains(words), "{words}: {message}");
    }
    app.finish().await;
}
