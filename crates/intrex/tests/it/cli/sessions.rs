//! What pages show of where somebody is signed in, the command line shows too, and ends.

use serde_json::Value;
use sqlx::Connection as _;

use crate::support::Program;

/// A whole session of somebody, as a sign-in leaves it: nobody can sign in by the command line.
async fn session_of(program: &Program, email: &str) -> String {
    let mut superuser = sqlx::PgConnection::connect(&program.get("DATABASE_ADMIN_URL"))
        .await
        .expect("connects");
    sqlx::query_scalar(
        "insert into app.sessions (tenant_id, id, person_id, sid_hash, stage, created_at, auth_time, last_seen_at,
                                   factor_at, absolute_at, ip, user_agent)
         select tenant_id, gen_random_uuid(), id, sha256(gen_random_uuid()::text::bytea), 'full', now(), now(), now(),
                now(), now() + interval '1 hour', '203.0.113.7', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0'
         from app.people where email = $1 returning id::text",
    )
    .bind(email)
    .fetch_one(&mut superuser)
    .await
    .expect("is there")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sees_where_somebody_is_signed_in_and_ends_one_session() {
    let program = Program::on_an_empty_database().await;
    program.run(&["migrate"]).well();
    let why = ["--reason", "a lost laptop"];
    let run = |arguments: &[&str]| {
        let arguments: Vec<&str> = arguments.iter().chain(&why).copied().collect();
        program.run(&arguments)
    };
    run(&["tenant", "create", "Acme"]).well();
    let (alice, bob) = ("alice@acme.example", "bob@acme.example");
    for email in [alice, bob] {
        let who = ["user", "invite", "--email", email, "--name", "Somebody"];
        run(&[&who[..], &["--role", "operator"]].concat()).well();
    }
    let (laptop, phone) = (
        session_of(&program, alice).await,
        session_of(&program, alice).await,
    );
    let bobs = session_of(&program, bob).await;
    let of = |email: &str| -> Vec<String> {
        let listed = program.run(&["user", "sessions", email, "--json"]).json();
        let ids = listed.as_array().expect("a list").iter();
        ids.map(|session| session["id"].as_str().expect("an id").to_owned())
            .collect()
    };
    let mut both = vec![laptop.clone(), phone.clone()];
    both.sort();
    let mut listed = of(alice);
    listed.sort();
    assert_eq!(listed, both);
    let shown = program.run(&["user", "sessions", alice]).well();
    for words in [laptop.as_str(), "203.0.113.7", "Firefox", "Linux"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // Only the one that is named, and only of whom it is.
    let said = run(&["user", "end-session", alice, &bobs]).refused();
    assert!(said.contains("there is no such thing"), "{said}");
    let ended = run(&["user", "end-session", alice, &laptop, "--json"]).json();
    assert_eq!(ended["ended"], Value::Bool(true), "{ended}");
    assert_eq!(of(alice), [phone]);
    assert_eq!(of(bob), [bobs]);
    run(&["user", "end-session", alice, &laptop]).refused();
    let told = program.run(&["audit", "verify", "--json"]).json();
    assert_eq!(told["intact"], Value::Bool(true), "{told}");
    program.finish().await;
}
