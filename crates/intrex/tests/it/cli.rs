//! The command line as an operator or a script uses it: exit codes, what is printed where, and what the commands do.

mod sessions;

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::Program;

/// Every command, with arguments that it would accept.
const COMMANDS: [&[&str]; 72] = [
    &["serve"],
    &["worker"],
    &["simulate"],
    &["migrate"],
    &["tenant", "create"],
    &["tenant", "list"],
    &["tenant", "set"],
    &["tenant", "suspend"],
    &["tenant", "resume"],
    &["tenant", "delete"],
    &["tenant", "export"],
    &["branch", "create"],
    &["branch", "list"],
    &["jurisdiction", "list"],
    &["jurisdiction", "create"],
    &["jurisdiction", "set"],
    &["jurisdiction", "remove"],
    &["pack", "list"],
    &["pack", "apply"],
    &["user", "invite"],
    &["user", "set"],
    &["user", "disable"],
    &["user", "enable"],
    &["user", "sign-out"],
    &["user", "sessions"],
    &["user", "end-session"],
    &["user", "delete"],
    &["user", "import"],
    &["user", "require-password-change"],
    &["user", "reset-mfa"],
    &["user", "unlock"],
    &["user", "list"],
    &["access-review", "start"],
    &["access-review", "list"],
    &["access-review", "show"],
    &["access-review", "decide"],
    &["access-review", "finish"],
    &["access-review", "export"],
    &["token", "create"],
    &["token", "list"],
    &["token", "revoke"],
    &["connector", "list"],
    &["connector", "create"],
    &["connector", "verify"],
    &["connector", "test"],
    &["connector", "disable"],
    &["connector", "enable"],
    &["connector", "rotate"],
    &["connector", "promote"],
    &["delivery", "list"],
    &["delivery", "show"],
    &["delivery", "retry"],
    &["delivery", "replay"],
    &["digest", "coming"],
    &["route", "list"],
    &["route", "create"],
    &["route", "remove"],
    &["oidc", "list"],
    &["oidc", "configure"],
    &["oidc", "prove"],
    &["oidc", "enable"],
    &["oidc", "disable"],
    &["keys", "list"],
    &["keys", "rotate"],
    &["audit", "verify"],
    &["audit", "reveal"],
    &["security-events", "list"],
    &["security-events", "acknowledge"],
    &["security-events", "thresholds"],
    &["routes"],
    &["openapi"],
    &["doctor"],
];

#[test]
fn every_command_explains_itself() {
    let program = Program::bare();
    for command in COMMANDS {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let help = program.run(&arguments).well();
        assert!(help.contains("Usage: intrex"), "{command:?}: {help}");
    }
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let program = Program::bare();
    for wrong in [
        &[][..],
        &["nonsense"],
        &["tenant"],
        &["tenant", "create", "Acme"],
        &[
            "tenant",
            "suspend",
            "--tenant",
            "not-an-id",
            "--reason",
            "x",
        ],
        &[
            "user",
            "invite",
            "--email",
            "a@b.example",
            "--name",
            "A",
            "--role",
            "auditor",
        ],
        &["serve", "--quickly"],
    ] {
        let ran = program.run(wrong);
        assert_eq!(ran.code, Some(2), "{wrong:?}: {}{}", ran.out, ran.err);
        assert_eq!(ran.out, "");
    }
}

#[test]
fn without_a_configuration_everything_that_is_missing_is_named_at_once() {
    let program = Program::bare();
    for command in [&["serve"][..], &["worker"], &["tenant", "list"]] {
        let said = program.run(command).refused();
        for name in [
            "AUTH_SECRET",
            "CSRF_SECRET",
            "PASSWORD_PEPPER",
            "MFA_ENCRYPTION_KEY",
            "CONNECTOR_ENC_KEY",
            "BASE_URL",
        ] {
            assert!(
                said.contains(name),
                "{command:?} does not name {name}: {said}"
            );
        }
    }
    assert!(
        !program.data_dir().exists(),
        "nothing is made for what is refused"
    );
}

#[test]
fn what_can_be_reached_is_told_without_a_configuration() {
    let program = Program::bare();
    let listed = program.run(&["routes", "--json"]).json();
    let declared = serde_json::to_value(intrex_web::routes()).expect("serialises");
    assert_eq!(listed, declared);
    let document = program.run(&["openapi"]).json();
    assert!(document["paths"]["/api/v1/branches"].is_object());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sets_an_organisation_up() {
    let mut program = Program::on_an_empty_database().await;
    let said = program.run(&["tenant", "list"]).refused();
    assert!(said.contains("run `intrex migrate`"), "{said}");
    program.run(&["migrate"]).well();
    program.run(&["migrate"]).well();

    let why = ["--reason", "contract 4711"];
    let with = |arguments: &[&str]| -> Vec<String> {
        let all = arguments.iter().chain(&why).chain(&["--json"]);
        all.map(|argument| (*argument).to_owned()).collect()
    };
    let run = |arguments: &[&str]| {
        let arguments = with(arguments);
        program.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let said = program.run(&["branch", "list"]).refused();
    assert!(said.contains("there is no organisation yet"), "{said}");
    let tenant = run(&["tenant", "create", "Acme", "--time-zone", "Asia/Dhaka"]).json();
    let id = tenant["id"].as_str().expect("has an id");
    let said = run(&[
        "branch",
        "create",
        "--code",
        "A",
        "--name",
        "A",
        "--country",
        "Bangladesh",
        "--time-zone",
        "Dhaka",
    ])
    .refused();
    assert!(
        said.contains("country") && said.contains("time_zone"),
        "{said}"
    );
    let branch = run(&[
        "branch",
        "create",
        "--code",
        "GUL",
        "--name",
        "Gulshan",
        "--country",
        "bd",
        "--time-zone",
        "Asia/Dhaka",
        "--tenant",
        id,
    ])
    .json();
    assert_eq!(branch["country"], "BD");
    let person = run(&[
        "user",
        "invite",
        "--email",
        "alice@acme.example",
        "--name",
        "Alice",
        "--role",
        "branch_manager",
        "--branches",
        "GUL",
    ])
    .json();
    assert_eq!(person["branch_ids"][0], branch["id"]);
    let link = person["invitation_url"].as_str().expect("has a link");
    assert!(link.starts_with("http://localhost:0/invitation/"), "{link}");
    let again = run(&[
        "user",
        "invite",
        "--email",
        "ALICE@acme.example",
        "--name",
        "Alice",
        "--role",
        "branch_manager",
    ])
    .json();
    assert_eq!(
        again["id"], person["id"],
        "who has not joined is invited again"
    );
    assert_ne!(again["invitation_url"], person["invitation_url"]);
    let said = run(&[
        "token",
        "create",
        "--user",
        "bob@acme.example",
        "--name",
        "x",
    ])
    .refused();
    assert!(said.contains("there is no bob@acme.example"), "{said}");
    let nowhere = ["token", "create", "--user", "alice@acme.example"];
    let nowhere = run(&[&nowhere[..], &["--name", "x", "--networks", ""]].concat());
    assert!(nowhere.refused().contains("networks: This list is empty"));

    // The break-glass: by name, with a reason, whether or not there was a factor.
    let reset = run(&["user", "reset-mfa", "alice@acme.example"]).json();
    assert_eq!(reset["mfa_enrolled"], Value::Bool(false), "{reset}");
    let said = run(&["user", "reset-mfa", "bob@acme.example"]).refused();
    assert!(said.contains("there is no bob@acme.example"), "{said}");

    let set = run(&[
        "tenant",
        "set",
        "--session-preset",
        "aal2",
        "--lead-days",
        "60,7",
    ])
    .json();
    assert_eq!(
        (
            &set["session_absolute_hours"],
            &set["session_idle_minutes"],
            &set["lead_days"][0]
        ),
        (&24.into(), &60.into(), &60.into())
    );
    let said = run(&["tenant", "set", "--session-idle-minutes", "4"]).refused();
    assert!(said.contains("session_idle_minutes"), "{said}");
    run(&[
        "user",
        "invite",
        "--email",
        "amina@acme.example",
        "--name",
        "Amina",
        "--role",
        "head_office_admin",
    ])
    .json();
    let open = || {
        program
            .run(&["security-events", "list", "--open", "--json"])
            .json()
    };
    let seen = open();
    assert_eq!(seen[0]["code"], "PRIVILEGE_RAISED", "{seen}");
    let event = seen[0]["id"].as_str().expect("an id");
    let looked = run(&["security-events", "acknowledge", event]).json();
    assert!(looked["acknowledged_at"].is_string(), "{looked}");
    let left = open();
    assert_eq!(
        (left[0]["code"].as_str(), left.as_array().map(Vec::len)),
        (Some("MFA_RESET"), Some(1)),
        "{left}"
    );
    let set = run(&["security-events", "thresholds", "--spray-accounts", "9"]).json();
    assert_eq!(
        (&set["spray_accounts"], &set["burst_failures"]),
        (&9.into(), &30.into())
    );
    let shown = program.run(&["security-events", "thresholds"]).well();
    assert!(shown.contains("spray-accounts       9"), "{shown}");
    let of_platform = ["security-events", "list", "--platform", "--json"];
    assert_eq!(program.run(&of_platform).json(), serde_json::json!([]));
    let said = program
        .run(&["security-events", "list", "--code", "NOTHING"])
        .refused();
    assert!(said.contains("LOGIN_SPRAY"), "{said}");

    // A connector: made here, its signing secret is said once.
    let url = "url=https://hooks.acme.example/x";
    let said = run(&[
        "connector",
        "create",
        "webhook",
        "--name",
        "Ops",
        "--set",
        "nothing=1",
    ]);
    assert!(said.refused().contains("no setting nothing"));
    let said = run(&["connector", "create", "webhook", "--name", "Ops"]).refused();
    assert!(said.contains("config.url"), "{said}");
    let made = run(&[
        "connector",
        "create",
        "webhook",
        "--name",
        "Ops",
        "--set",
        url,
    ])
    .json();
    let secret = made["signing_secret"].as_str().expect("made here");
    assert!(secret.starts_with("whsec_"), "{secret}");
    let connector = made["id"].as_str().expect("an id");
    let rotated = run(&["connector", "rotate", connector]).json();
    assert!(rotated["signing_secret"].is_string(), "{rotated}");
    run(&["connector", "promote", connector]).json();
    let off = run(&["connector", "disable", connector]).json();
    assert_eq!(off["status"], "disabled", "{off}");
    let said = run(&["connector", "test", connector]).refused();
    assert!(said.contains("It is disabled"), "{said}");
    let on = run(&["connector", "enable", connector]).json();
    assert_eq!(on["status"], "pending_verification", "{on}");
    let token = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(token.path(), "123456:AAHdqTcvCH1vGWJxfSeofSAs0K5\n").expect("is written");
    let from = format!("token={}", token.path().display());
    let bot = [
        "connector",
        "create",
        "telegram_bot",
        "--name",
        "Bot",
        "--set",
        "chat_id=@acme_ops",
    ];
    let bot = run(&[&bot[..], &["--secret-file", &from]].concat()).json();
    assert_eq!(bot["secrets"]["token"]["set"], true, "{bot}");
    let none = program.run(&["delivery", "list", "--json"]).json();
    assert_eq!(none, serde_json::json!([]));
    let counted = run(&["delivery", "replay", "--dry-run"]).json();
    assert_eq!(counted["matched"], 0, "{counted}");
    let nowhere = "00000000-0000-7000-8000-000000000001";
    program.run(&["delivery", "show", nowhere]).refused();
    run(&["delivery", "retry", nowhere]).refused();
    let listed = program.run(&["connector", "list"]).well();
    assert!(
        listed.contains("hooks.acme.example") && listed.contains("@acme_ops"),
        "{listed}"
    );
    assert!(!listed.contains(secret), "{listed}");

    // A route by that connector, which stays as long as it is there.
    let route = [
        "route",
        "create",
        "--name",
        "Late",
        "--events",
        "obligation.overdue",
        "--connector",
        connector,
        "--quiet",
        "22:00-07:00",
        "--to",
    ];
    let said = run(&[&route[..], &["head_office"]].concat()).refused();
    assert!(said.contains("names whom it leads to"), "{said}");
    let made = run(&[&route[..], &["endpoint"]].concat()).json();
    assert_eq!(made["quiet"]["to"], "07:00", "{made}");
    let listed = program.run(&["route", "list"]).well();
    assert!(listed.contains("obligation.overdue"), "{listed}");
    let route = made["id"].as_str().expect("an id");
    run(&["route", "remove", route]).well();
    // Nobody wishes a digest yet.
    let coming = program.run(&["digest", "coming", "--days", "30", "--json"]);
    assert_eq!(coming.json(), serde_json::json!([]));

    // An identity provider: its secret comes from a file, and nothing says it again.
    let secret = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(secret.path(), "a secret of the provider\n").expect("is written");
    let path = secret.path().to_str().expect("a path");
    let issuer = "https://id.acme.example";
    let said = run(&["oidc", "configure", issuer, "--name", "Acme"]).refused();
    assert!(said.contains("client_secret"), "{said}");
    let all = [
        "--name",
        "Acme",
        "--client-id",
        "intrex",
        "--client-secret-file",
        path,
    ];
    let made = run(&[&["oidc", "configure", issuer][..], &all].concat()).json();
    assert_eq!(made["client_secret"]["set"], true, "{made}");
    let changed = run(&["oidc", "configure", issuer, "--name", "Acme ID"]).json();
    assert_eq!(
        (&changed["id"], &changed["name"]),
        (&made["id"], &"Acme ID".into())
    );
    let provider = made["id"].as_str().expect("an id");
    let said = run(&["oidc", "enable", provider]).refused();
    assert!(said.contains("Prove a domain first"), "{said}");
    let said = run(&["oidc", "disable", provider]).refused();
    assert!(said.contains("Nobody signs in"), "{said}");
    let listed = program.run(&["oidc", "list"]).well();
    assert!(
        listed.contains("Acme ID") && listed.contains("disabled"),
        "{listed}"
    );
    assert!(!listed.contains("a secret of the provider"), "{listed}");

    run(&["tenant", "suspend", "--tenant", id]).json();
    let said = run(&["tenant", "suspend", "--tenant", id]).refused();
    assert!(said.contains("suspended"), "{said}");
    run(&["tenant", "resume", "--tenant", id]).json();
    let said = run(&[
        "tenant",
        "suspend",
        "--tenant",
        "00000000-0000-7000-8000-000000000001",
    ])
    .refused();
    assert!(said.contains("`intrex tenant list` shows them"), "{said}");

    // The running server places what was told a moment later.
    let verified = std::iter::repeat_with(|| {
        program
            .run(&["audit", "verify", "--tenant", id, "--json"])
            .json()
    })
    .take(100)
    .find(|verified| verified["chains"][0]["events"] == 21)
    .expect("every act is in the log");
    assert_eq!(verified["intact"], Value::Bool(true), "{verified}");
    let checks = program.run(&["doctor", "--json"]).json();
    assert_eq!(checks["ok"], Value::Bool(true), "{checks}");

    program.set("DATABASE_URL", &program.get("DATABASE_ADMIN_URL"));
    let said = program.run(&["tenant", "list"]).refused();
    assert!(said.contains("it is a superuser"), "{said}");
    program.finish().await;
}

#[test]
fn keys_are_made_once_and_never_shown() {
    let mut program = Program::bare();
    program.set("INTREX_ENV", "development");
    let listed = program.run(&["keys", "list", "--json"]).json();
    assert_eq!(listed, program.run(&["keys", "list", "--json"]).json());
    let secrets = program.data_dir().join("secrets");
    let mut files = 0;
    for file in std::fs::read_dir(&secrets).expect("is there") {
        let path = file.expect("is readable").path();
        let secret = std::fs::read_to_string(&path).expect("is readable");
        assert!(!listed.to_string().contains(secret.trim()));
        let mode = std::fs::metadata(&path)
            .expect("is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 5);
}
