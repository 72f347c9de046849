//! People who come with the bcrypt hashes of another system.

use chrono::TimeDelta;
use intrex_core::{
    Error,
    people::{
        RawPerson,
        import::{self, ImportedPerson, Mode, Report},
    },
    permission::Role,
    sessions::{self, SignIn, Stage},
};
use serde_json::json;

use crate::support::{
    Program, TestApp,
    members::{address, from},
};

/// A hash as other systems keep it.
fn hash_of(password: &str, cost: u32) -> String {
    bcrypt::hash(password, cost).expect("hashes")
}

fn person(email: String, role: &str, hash: &str) -> ImportedPerson {
    ImportedPerson {
        person: RawPerson {
            email: email.into(),
            name: "Carol".into(),
            role: role.into(),
            ..RawPerson::default()
        },
        password_hash: hash.to_owned().into(),
    }
}

fn refused(report: &Report) -> Vec<String> {
    let faults = report.errors.iter();
    faults
        .map(|fault| format!("{} {}", fault.row, fault.field))
        .collect()
}

#[tokio::test]
async fn people_go_on_with_the_password_that_they_know_and_its_hash_is_made_anew() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").await;
    let email = address(&acme, "Carol");
    let hash = hash_of("what carol knows", 8);
    let row = || person(email.clone(), "operator", &hash);
    let tried = import::import(&app.app, &acme.operator, &[row()], Mode::DryRun).await;
    assert_eq!(tried.expect("is read").created, 1);
    assert_eq!(
        app.count("select count(*) from app.people").await,
        0,
        "nothing is kept"
    );
    let done = import::import(&app.app, &acme.operator, &[row()], Mode::Apply).await;
    assert_eq!(done.expect("is read").created, 1);
    let stored = |select: &'static str| app.count(select);
    assert_eq!(
        stored("select count(*) from app.people where password_hash like 'plain$%'").await,
        1
    );
    for (password, right) in [
        ("what carol does not know", false),
        ("what carol knows", true),
    ] {
        let request = from([198, 51, 100, 7]);
        let outcome =
            sessions::sign_in(&app.app, request, &email, password.to_owned().into()).await;
        match outcome {
            Ok(SignIn::Started(started)) if right => assert_eq!(started.stage, Stage::MfaSetup),
            Ok(SignIn::Refused) if !right => {}
            other => panic!("{password}: {other:?}"),
        }
    }
    assert_eq!(
        stored("select count(*) from app.people where password_hash like 'plain$%'").await,
        0
    );
    app.app.clock.advance(TimeDelta::seconds(1));
    let again = sessions::sign_in(
        &app.app,
        from([198, 51, 100, 7]),
        &email,
        "what carol knows".to_owned().into(),
    )
    .await;
    assert!(matches!(again, Ok(SignIn::Started(_))));
    let told = "select count(*) from app.audit_events where action = 'person.imported'";
    assert_eq!(app.count(told).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn each_row_that_is_wrong_is_named_and_the_others_are_taken() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").await, app.tenant("Globex").await);
    let elsewhere = app.branch(&globex, "G1").await.id;
    let taken = app
        .invite(&globex, "Mallory", Role::Operator, &[])
        .await
        .person;
    let hash = hash_of("x", 8);
    let mut foreign_branch = person(address(&acme, "Dave"), "operator", &hash);
    foreign_branch.person.branch_ids = elsewhere.to_string().into();
    let rows = [
        person(address(&acme, "Carol"), "operator", &hash),
        person(address(&acme, "CAROL"), "operator", &hash),
        person(taken.email.to_uppercase(), "operator", &hash),
        person("nobody".into(), "auditor", "password"),
        person(address(&acme, "Erin"), "operator", &hash_of("x", 4)),
        foreign_branch,
        person(
            address(&acme, "Frank"),
            "operator",
            &hash.replace("$08$", "$31$"),
        ),
        person(address(&acme, "Grace"), "head_office_admin", &hash),
    ];
    let report = import::import(&app.app, &acme.operator, &rows, Mode::Apply).await;
    let report = report.expect("is read");
    assert_eq!((report.rows, report.created, report.refused), (8, 2, 6));
    assert_eq!(
        refused(&report),
        [
            "2 email",
            "3 email",
            "4 email",
            "4 role",
            "4 password_hash",
            "5 password_hash",
            "6 branch_ids",
            "7 password_hash"
        ]
    );
    assert_eq!(
        report.errors[0].message, report.errors[1].message,
        "nobody learns whose it is"
    );
    assert!(
        !format!("{report:?}").contains(&hash[7..]),
        "no hash is repeated"
    );
    // A head office admin may invite, and may not give anybody a password.
    let alice = app.member(&acme, "Alice", Role::HeadOfficeAdmin, &[]).await;
    let alice = app.acting(&alice).await;
    let forbidden = import::import(&app.app, &alice, &rows[..1], Mode::DryRun).await;
    assert!(matches!(forbidden, Err(Error::Forbidden)));
    let many: Vec<ImportedPerson> = (0..=import::MAX_PEOPLE)
        .map(|_| ImportedPerson::default())
        .collect();
    let too_many = import::import(&app.app, &acme.operator, &many, Mode::DryRun).await;
    assert!(matches!(too_many, Err(Error::Invalid(_))));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_imports_a_file_and_hears_of_every_wrong_row() {
    let program = Program::on_an_empty_database().await;
    program.run(&["migrate"]).well();
    let why = ["--reason", "moving in", "--json"];
    let run = |arguments: &[&str]| {
        let all: Vec<&str> = arguments.iter().chain(&why).copied().collect();
        program.run(&all)
    };
    run(&["tenant", "create", "Acme"]).json();
    run(&[
        "branch",
        "create",
        "--code",
        "GUL",
        "--name",
        "Gulshan",
        "--country",
        "BD",
        "--time-zone",
        "Asia/Dhaka",
    ])
    .json();
    let write = |name: &str, text: &str| {
        let path = program.directory().join(name);
        std::fs::write(&path, text).expect("is written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let hash = hash_of("what carol knows", 8);
    let heading = "email,name,role,branch_codes,password_hash";
    let good = write(
        "good.csv",
        &format!("{heading}\ncarol@acme.example,Carol,operator,GUL,{hash}\n"),
    );
    let tried = run(&["user", "import", &good, "--dry-run"]).json();
    assert_eq!(
        (&tried["created"], &tried["refused"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(run(&["user", "import", &good]).json()["created"], 1);
    let ran = run(&["user", "import", &good]);
    assert_eq!(
        ran.code,
        Some(1),
        "the same file again: the address is taken"
    );
    let listed = program.run(&["user", "list", "--json"]).json();
    assert_eq!(listed[0]["status"], "active");
    assert_eq!(listed[0]["branch_ids"].as_array().map(Vec::len), Some(1));
    let bad = write(
        "bad.csv",
        &format!("{heading}\ndave@acme.example,Dave,operator,NOWHERE,{hash}\n"),
    );
    let ran = run(&["user", "import", &bad]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.out.contains("branch_ids") && !ran.out.contains("$2"),
        "{}",
        ran.out
    );
    for (name, text) in [
        ("short.csv", format!("{heading}\nonly,two\n")),
        ("other.csv", "what,is,this\na,b,c\n".to_owned()),
    ] {
        let said = run(&["user", "import", &write(name, &text)]).refused();
        assert!(!said.contains("panicked"), "{said}");
    }
    run(&["user", "require-password-change", "carol@acme.example"]).json();
    program.finish().await;
}
