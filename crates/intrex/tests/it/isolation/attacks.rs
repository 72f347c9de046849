//! The matrix: every route, asked by everybody who should get nothing from it. What each must hear follows from the
//! permission that the route declares and from the table of roles.

use std::collections::BTreeSet;

use intrex_core::{
    obligations::{commands, input::RawObligation},
    permission::{Column, Permission, Reach, Role},
};
use intrex_web::routes::{Kind, RouteInfo};
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{
    caller::{Caller, Findings, Way, comparable, difference, short},
    scene::{Attacker, OF_ACME, Scene},
    table::{Ids, Line, TABLE, Thing},
};
use crate::support::browser::{Answer, send};

/// A route's method as it stands in a request.
fn method(route: &RouteInfo) -> String {
    let method = serde_json::to_value(route.method).expect("serialises");
    method.as_str().expect("a word").to_owned()
}

/// Every route with its line of the table, in the table's order.
pub(super) fn routes() -> Vec<(RouteInfo, Line)> {
    let all = intrex_web::routes();
    TABLE
        .iter()
        .map(|line| {
            let route = all
                .iter()
                .find(|route| route.path == line.path && method(route) == line.method)
                .unwrap_or_else(|| panic!("no such route: {} {}", line.method, line.path));
            (route.clone(), *line)
        })
        .collect()
}

#[test]
fn the_table_has_every_route_and_no_other() {
    let routes: BTreeSet<(String, &str)> = intrex_web::routes()
        .iter()
        .map(|route| (method(route), route.path))
        .collect();
    let table: BTreeSet<(String, &str)> = TABLE
        .iter()
        .map(|line| (line.method.to_owned(), line.path))
        .collect();
    let untested: Vec<_> = routes.difference(&table).collect();
    let gone: Vec<_> = table.difference(&routes).collect();
    assert!(untested.is_empty(), "no line in the table: {untested:?}");
    assert!(gone.is_empty(), "no such route: {gone:?}");
    assert_eq!(table.len(), TABLE.len(), "a line stands twice");
}

/// What must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// Anybody may ask; what is asked for is not there, or is the same for all.
    Public,
    /// "Sign in first": a redirect on pages, 401 for programs.
    SignIn,
    /// To another page.
    Elsewhere,
    Forbidden,
    /// The same as for an id that nobody has.
    NotThere,
    /// The same as for an id that nobody has: a fault of this field.
    Refused(&'static str),
    /// What is theirs.
    Theirs,
}

fn expected(route: &RouteInfo, line: &Line, who: &Attacker, way: Way) -> Expected {
    let Some(role) = who.role else {
        return match route.permission {
            "public" => Expected::Public,
            _ => Expected::SignIn,
        };
    };
    let permission = match route.permission {
        "public" => return Expected::Public,
        "provisional" | "session" => return Expected::Elsewhere,
        name => Permission::parse(name).expect("a permission of the table"),
    };
    let refused_to_tokens = (line.in_session || route.fresh) && way == Way::Bearer;
    if permission.reach(Column::Role(role)) == Reach::No || refused_to_tokens {
        return Expected::Forbidden;
    }
    match (line.thing.or(line.names), line.refers) {
        (Some(thing), _) if !sees(who, thing) => Expected::NotThere,
        (_, Some(field)) => Expected::Refused(field),
        _ => Expected::Theirs,
    }
}

/// Whether a target of this kind is theirs to see: templates, places, and the providers that they may link, are for everybody in the
/// organisation, and nothing else that the attackers go for is.
fn sees(who: &Attacker, thing: Thing) -> bool {
    who.is_at_acme
        && matches!(
            thing,
            Thing::Template | Thing::Provider | Thing::Jurisdiction
        )
}

#[tokio::test]
async fn nobody_reaches_what_is_not_theirs_by_any_route() {
    let scene = Scene::begin().await;
    let attackers = scene.attackers().await;
    let (rows, told) = (scene.rows_of_acme().await, scene.told_at_acme().await);
    let findings = Findings::default();
    let mut asked = 0;
    for who in &attackers {
        for (route, line) in routes() {
            for way in who.caller.ways(route.kind) {
                attack(&scene, who, &route, &line, way, &findings).await;
                asked += 1;
            }
        }
    }
    findings.finish();
    assert!(asked > attackers.len() * TABLE.len(), "{asked}");
    let after = scene.rows_of_acme().await;
    for (before, after) in rows.iter().zip(&after) {
        assert_eq!(before, after, "something of Acme has changed");
    }
    let news: BTreeSet<String> = scene
        .told_at_acme()
        .await
        .into_iter()
        .filter(|event| !told.contains(event))
        .map(|(_, action)| action)
        .collect();
    // What Bob and Carol may do at their own organisation: look at the log, leave, give a wrong password of their own, begin
    // with another app, make recovery codes, and opt out of mail to themselves.
    for action in &news {
        assert!(
            [
                "audit.read",
                "session.ended",
                "session.others_ended",
                "LOGIN_FAILURE",
                "mfa.replacement_begun",
                "mfa.recovery_codes_made",
                "preference.updated"
            ]
            .contains(&action.as_str()),
            "{news:?}"
        );
    }
    scene.app.finish().await;
}

async fn attack(
    scene: &Scene,
    who: &Attacker,
    route: &RouteInfo,
    line: &Line,
    way: Way,
    findings: &Findings,
) {
    let site = &scene.site;
    let what = format!(
        "{} {} by {} ({way:?})",
        line.method, line.path, who.caller.name
    );
    // What they make for themselves has a name of its own each time.
    let targets = &Ids {
        fresh: scene.unknown().fresh,
        ..who.targets.clone()
    };
    let answer = who.caller.ask(site, route, line, way, targets).await;
    keeps_quiet(&answer, &who.secrets, &what, findings);
    let wanted = expected(route, line, who, way);
    let leads_to_sign_in =
        answer.status == 303 && answer.header("location").starts_with("/sign-in");
    let right = match wanted {
        Expected::Public => answer.status < 500,
        Expected::SignIn if route.kind == Kind::Api => answer.status == 401,
        Expected::SignIn => leads_to_sign_in,
        Expected::Elsewhere => answer.status == 303,
        Expected::Forbidden => answer.status == 403,
        Expected::NotThere => answer.status == 404,
        Expected::Refused(field) => answer.status == 422 && names(&answer, field),
        Expected::Theirs if line.method == "GET" => answer.status == 200,
        // It is theirs to go to, and nobody answers there.
        Expected::Theirs if line.thing == Some(Thing::Provider) => answer.status == 409,
        Expected::Theirs => [200, 201, 204, 303].contains(&answer.status),
    };
    findings.must(right, || {
        format!("{what} must be {wanted:?}: {}", short(&answer))
    });
    if wanted == Expected::Theirs && line.method == "GET" && line.thing.is_none() {
        for id in [
            &who.targets.branch,
            &who.targets.obligation,
            &who.targets.token,
        ] {
            findings.must(!answer.body.contains(id), || format!("{what} tells {id}"));
        }
    }
    let compared = match wanted {
        Expected::Public => line.thing.is_some(),
        Expected::NotThere | Expected::Refused(_) | Expected::Forbidden => true,
        _ => false,
    };
    if compared {
        let unknown = scene.unknown();
        let pair = &[targets, &unknown];
        let other = who.caller.ask(site, route, line, way, &unknown).await;
        let told_apart = difference(&comparable(&answer, pair), &comparable(&other, pair));
        findings.must(told_apart.is_none(), || {
            format!("{what}: a foreign id and an unknown one are told apart: {told_apart:?}")
        });
    }
    if matches!(wanted, Expected::Theirs | Expected::Forbidden) {
        for (name, thing) in line.filters {
            if !sees(who, *thing) {
                filter(scene, who, line, way, (name, *thing), findings).await;
            }
        }
    }
}

/// Narrows a list by something that is not theirs: the same answer as for something that is not there.
async fn filter(
    scene: &Scene,
    who: &Attacker,
    line: &Line,
    way: Way,
    (name, thing): (&str, Thing),
    findings: &Findings,
) {
    let ask = async |ids: &Ids| {
        let path = format!("{}?{name}={}", line.path, ids.of(thing));
        send(who.caller.request(&scene.site, "GET", &path, way)).await
    };
    let unknown = scene.unknown();
    let pair = &[&who.targets, &unknown];
    let (foreign, other) = (ask(&who.targets).await, ask(&unknown).await);
    let what = format!("{}?{name}= by {} ({way:?})", line.path, who.caller.name);
    findings.must(foreign.status < 500, || {
        format!("{what}: {}", short(&foreign))
    });
    keeps_quiet(&foreign, &who.secrets, &what, findings);
    let told_apart = difference(&comparable(&foreign, pair), &comparable(&other, pair));
    findings.must(told_apart.is_none(), || {
        format!("{what}: a foreign id and an unknown one are told apart: {told_apart:?}")
    });
}

fn keeps_quiet(answer: &Answer, secrets: &[String], what: &str, findings: &Findings) {
    // Without what is random in it, which may spell anything.
    let said = comparable(answer, &[]).to_lowercase();
    for secret in secrets {
        findings.must(!said.contains(secret.as_str()), || {
            let around = said
                .split_once(secret.as_str())
                .map_or("", |(before, _)| before);
            let around: String = around
                .chars()
                .rev()
                .take(80)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect();
            format!("{what} tells {secret:?} after {around:?}")
        });
    }
}

/// Whether an answer says that this field is wrong.
pub(super) fn names(answer: &Answer, field: &str) -> bool {
    if answer.headers[CONTENT_TYPE] == "application/problem+json" {
        let answer = answer.json();
        let within = format!("{field}.");
        // A field of a field is named with it: `config.url`.
        let named = |name: &String| name == field || name.starts_with(&within);
        let mut errors = answer["errors"].as_object().into_iter().flatten();
        let sentence = errors.find_map(|(name, said)| named(name).then(|| said[0].as_str()));
        return sentence
            .flatten()
            .is_some_and(|sentence| sentence.len() > 5);
    }
    [format!("{field}-error\""), format!("href=\"#{field}\"")]
        .iter()
        .any(|mark| answer.body.contains(mark))
}

#[tokio::test]
async fn whoever_may_reaches_the_same_things_by_the_same_addresses() {
    // Otherwise "not there" above would prove nothing.
    let scene = Scene::begin().await;
    let alice = Caller::full(&scene.app, "Alice", &scene.alice).await;
    for (route, line) in routes() {
        if line.method == "GET" && Permission::parse(route.permission).is_some() {
            for way in alice.ways(route.kind) {
                let answer = alice
                    .ask(&scene.site, &route, &line, way, &scene.first)
                    .await;
                assert_eq!(
                    answer.status, 200,
                    "{} ({way:?}): {}",
                    line.path, answer.body
                );
            }
        }
    }
    let lists = [
        ("/api/v1/obligations", "fire certificate of gulshan"),
        ("/api/v1/users", "Zenobia"),
        ("/api/v1/branches", "UTTARASIDE"),
        ("/api/v1/templates", "template of acmes own"),
        ("/api/v1/jurisdictions", "place of acmes own"),
        ("/api/v1/tokens", "token of alices own"),
        ("/api/v1/notifications", "fire certificate of gulshan"),
        ("/api/v1/imports", "sheet of acmes own"),
        (
            "/api/v1/audit/events?action=obligation.created",
            "drug licence of uttara",
        ),
        ("/audit?action=obligation.created", "drug licence of uttara"),
        ("/messages", "fire certificate of gulshan"),
        ("/templates", "template of acmes own"),
        ("/jurisdictions", "place of acmes own"),
        ("/obligations", "drug licence of uttara"),
        ("/branches", "GULSHANSIDE"),
    ];
    for (path, word) in lists {
        let answer = send(alice.request(&scene.site, "GET", path, Way::Cookie)).await;
        assert!(
            answer.body.contains(word),
            "{path} lacks {word:?}: {}",
            answer.body
        );
    }
    let carol = Caller::full(&scene.app, "Carol", &scene.carol).await;
    let hers = send(carol.request(&scene.site, "GET", "/obligations", Way::Cookie)).await;
    assert!(hers.body.contains("task of carols own"), "{}", hers.body);
    scene.app.finish().await;
}

#[tokio::test]
async fn without_the_second_factor_nothing_answers_but_what_asks_for_it() {
    let scene = Scene::begin().await;
    let (app, site) = (&scene.app, &scene.site);
    let waiting = Caller::begun(app, site, "Alice", &scene.alice).await;
    let enrolling = {
        let mut member = scene.mallory.clone();
        let invited = app
            .invite(&scene.globex, "Newcomer", Role::HeadOfficeAdmin, &[])
            .await;
        use intrex_core::{actor::Request, people};
        use secrecy::ExposeSecret as _;
        let token = invited.token.expose_secret();
        let accepted =
            people::accept_invitation(&app.app, Request::default(), token, member.password.clone());
        accepted.await.expect("joins");
        member.email = invited.person.email;
        Caller::begun(app, site, "Newcomer", &member).await
    };
    let secrets: Vec<String> = OF_ACME.iter().map(|word| (*word).to_owned()).collect();
    let rows = scene.rows_of_acme().await;
    let findings = Findings::default();
    for caller in [&waiting, &enrolling] {
        for (route, line) in routes() {
            let answer = caller
                .ask(site, &route, &line, Way::Cookie, &scene.first)
                .await;
            let what = format!(
                "{} {} by {}: {}",
                line.method, line.path, caller.name, answer.body
            );
            keeps_quiet(&answer, &secrets, &what, &findings);
            match (route.permission, route.kind) {
                ("public", _) => assert!(answer.status < 500, "{what}"),
                ("provisional", _) => {
                    assert!(
                        [200, 303, 401, 422].contains(&answer.status),
                        "{} {what}",
                        answer.status
                    );
                }
                ("session", _) => assert_eq!(answer.status, 303, "{what}"),
                (_, Kind::Page) => {
                    assert!(answer.leads_to().starts_with("/mfa"), "{what}");
                }
                _ => assert_eq!(answer.status, 401, "{what}"),
            }
        }
    }
    findings.finish();
    let unchanged = |rows: Vec<(String, i64, String)>| -> Vec<_> {
        // A wrong code counts against Alice, and she has left: the rest is as it was.
        let own = [
            "people",
            "sessions",
            "passkey_challenges",
            "security_events",
            "security_tallies",
        ];
        rows.into_iter()
            .filter(|(table, ..)| !own.contains(&table.as_str()))
            .collect()
    };
    assert_eq!(unchanged(rows), unchanged(scene.rows_of_acme().await));
    scene.app.finish().await;
}

#[tokio::test]
async fn names_and_keys_that_another_tenant_uses_are_free() {
    let scene = Scene::begin().await;
    let raw = RawObligation {
        branch_id: scene.first.branch.as_str().into(),
        category: "licence".into(),
        title: "numbered".into(),
        due_on: "2026-12-24".into(),
        external_id: "EXT-1".into(),
        ..RawObligation::default()
    };
    let made = commands::create(&scene.app.app, &scene.acme.operator, &raw).await;
    made.expect("the obligation is created");
    let alice = Caller::full(&scene.app, "Alice", &scene.alice).await;
    let mallory = Caller::full(&scene.app, "Mallory", &scene.mallory).await;
    let post = async |caller: &Caller, path: &str, body: &Value| {
        let request = caller.request(&scene.site, "POST", path, Way::Bearer);
        send(request.header("idempotency-key", "one key").json(body)).await
    };
    let depot = &scene.elsewhere.branch;
    for (path, body) in [
        (
            "/api/v1/branches",
            json!({ "code": "GULSHANSIDE", "name": "x", "country": "BD", "time_zone": "Asia/Dhaka" }),
        ),
        (
            "/api/v1/templates",
            json!({ "code": "T-2", "category": "licence", "title": "x" }),
        ),
        (
            "/api/v1/obligations",
            json!({ "branch_id": depot, "category": "licence", "title": "x", "due_on": "2026-12-24",
                    "external_id": "EXT-1" }),
        ),
    ] {
        post(&alice, path, &body).await;
        let made = post(&mallory, path, &body).await;
        assert_eq!(made.status, 201, "{path}: {}", made.body);
        assert_eq!(made.header("idempotency-replayed"), "", "{path}");
    }
    scene.app.finish().await;
}
