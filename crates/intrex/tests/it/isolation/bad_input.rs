//! Every field of every form and of every JSON body, sent wrong in every way that is known: the answer names the field, a
//! form still has what was typed, and nothing of it is an error of ours. The fields come from the API's description, so
//! that a new one is tested without anybody thinking of it.

use intrex_core::{
    ids::ObligationId,
    obligations::{commands, input::RawReason},
    permission::Permission,
};
use intrex_web::routes::{Kind, RouteInfo};
use serde_json::{Value, json};

use super::{
    attacks::{names, routes},
    caller::{Caller, Findings, Way, comparable, difference, short},
    scene::{Scene, passkey_of, provider_of, route_of},
    table::{Fields, Ids, Line, TYPED, Thing},
};
use crate::support::browser::{Answer, send};

/// Longer than any field, in characters.
const TOO_LONG: usize = 5_000;
/// More than any of these routes takes, in bytes.
static LARGE: [u8; 2 << 20] = [b' '; 2 << 20];

/// A body: what type it is said to be, its bytes, and how it must be answered.
type Sent = (&'static str, &'static [u8], u16);

/// A field as the API's description has it.
#[derive(Debug)]
struct Field {
    name: String,
    /// In characters, for words.
    max: Option<usize>,
    required: bool,
    is_text: bool,
}

impl Field {
    fn is_id(&self) -> bool {
        // Names that others gave.
        let foreign = ["external_id", "client_id"].contains(&self.name.as_str());
        self.name.ends_with("_id") && !foreign || self.name.ends_with("_ids")
    }

    fn is_date(&self) -> bool {
        self.name.ends_with("_on")
    }
}

/// The fields that a route takes.
fn fields(line: &Line, description: &Value) -> Vec<Field> {
    let of = |schema: &str| -> Vec<Field> {
        let schema = &description["components"]["schemas"][schema];
        let properties = schema["properties"].as_object().expect("a struct's fields");
        properties
            .iter()
            .map(|(name, property)| Field {
                name: name.clone(),
                max: property["maxLength"]
                    .as_u64()
                    .and_then(|max| max.try_into().ok()),
                required: !property.to_string().contains("\"null\""),
                is_text: property.to_string().contains("\"string\"")
                    && !property.to_string().contains("\"array\""),
            })
            .collect()
    };
    match line.fields {
        Fields::Of(schema) => of(schema),
        Fields::People(names) => names
            .iter()
            .map(|name| Field {
                name: (*name).to_owned(),
                max: None,
                required: false,
                is_text: true,
            })
            .collect(),
        Fields::Described => {
            let operation = &description["paths"][line.path][line.method.to_lowercase()];
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            match schema["$ref"]
                .as_str()
                .and_then(|reference| reference.rsplit('/').next())
            {
                Some(schema) => of(schema),
                None => Vec::new(),
            }
        }
    }
}

/// One route in the hands of somebody who may use it.
struct Trial<'a> {
    scene: &'a Scene,
    alice: &'a Caller,
    route: RouteInfo,
    line: Line,
    own: Ids,
    findings: &'a Findings,
}

impl Trial<'_> {
    /// A good body, with a word of its own where one must be.
    fn body(&self) -> Value {
        let ids = Ids {
            fresh: self.scene.unknown().fresh,
            ..self.own.clone()
        };
        self.line.body.map_or(json!({}), |body| body(&ids))
    }

    async fn send(&self, body: &Value) -> Answer {
        let (line, alice) = (&self.line, self.alice);
        let request = alice.request(
            &self.scene.site,
            line.method,
            &line.at(&self.own),
            Way::Cookie,
        );
        send(alice.filled(
            request,
            self.route.kind,
            line.method,
            Way::Cookie,
            Some(body),
        ))
        .await
    }

    async fn with(&self, field: &str, value: Value) -> Answer {
        let mut body = self.body();
        body[field] = value;
        self.send(&body).await
    }

    /// Sends one field wrong, and sees it refused by name; a form still has what was typed into its other fields.
    async fn refuses(&self, field: &str, value: Value) -> Answer {
        let shown: String = value.to_string().chars().take(60).collect();
        let answer = self.with(field, value).await;
        let told = || format!("{} with {field}={shown}: {}", self.what(), short(&answer));
        self.findings.must(answer.status == 422, told);
        if answer.status == 422 {
            self.findings
                .must(names(&answer, field), || format!("not named: {}", told()));
            let body = self.body();
            let elsewhere = body
                .as_object()
                .into_iter()
                .flatten()
                .any(|(name, value)| name != field && value == TYPED);
            let gone = self.route.kind == Kind::Page && elsewhere && !answer.body.contains(TYPED);
            self.findings
                .must(!gone, || format!("what was typed is gone: {}", told()));
        }
        answer
    }

    fn what(&self) -> String {
        format!("{} {}", self.line.method, self.line.path)
    }

    async fn field(&self, field: &Field) {
        let name = field.name.as_str();
        let long = field.max.map_or(TOO_LONG, |max| max + 1);
        self.refuses(name, json!("x".repeat(long))).await;
        self.refuses(name, json!("a\0b")).await;
        if self.route.kind == Kind::Api {
            self.refuses(name, json!({ "a": 1 })).await;
            self.refuses(name, json!([{ "a": 1 }])).await;
            if field.is_text {
                self.refuses(name, json!(17)).await;
                self.refuses(name, json!(true)).await;
            }
        }
        if field.is_id() {
            let unknown = self.scene.unknown();
            let foreign = &self.scene.elsewhere;
            let thing = match name {
                "branch_id" | "branch_ids" => Thing::Branch,
                "template_id" => Thing::Template,
                _ => Thing::Person,
            };
            let theirs = self.refuses(name, json!(foreign.of(thing))).await;
            let nobodys = self.refuses(name, json!(unknown.of(thing))).await;
            self.refuses(name, json!("17")).await;
            if self.route.kind == Kind::Api {
                let told_apart = difference(
                    &comparable(&theirs, &[foreign, &unknown]),
                    &comparable(&nobodys, &[foreign, &unknown]),
                );
                self.findings.must(told_apart.is_none(), || {
                    format!(
                        "{}: a foreign {name} and an unknown one are told apart: {told_apart:?}",
                        self.what()
                    )
                });
            }
        }
        if field.is_date() {
            for date in [
                "0000-00-00",
                "9999-12-31",
                "2026-02-30",
                "31.12.2026",
                "-1",
                "2026-12-31T00:00:00Z",
            ] {
                self.refuses(name, json!(date)).await;
            }
        }
        if name == "recurrence" {
            for rule in [
                "FREQ=SECONDLY",
                "FREQ=HOURLY;INTERVAL=1",
                "FREQ=DAILY;INTERVAL=0",
                "every day",
            ] {
                self.refuses(name, json!(rule)).await;
            }
        }
        // The last, because a field may be left out: then this changes something.
        if field.required {
            self.refuses(name, json!("")).await;
        } else {
            let empty = self.with(name, json!("")).await;
            // Where a wrong password or the like stands beside it, that is what is refused.
            let proves = self.line.proves.is_some_and(|proof| names(&empty, proof));
            let fine = empty.status < 500 && (empty.status != 422 || names(&empty, name) || proves);
            self.findings.must(fine, || {
                format!("{} without {name}: {}", self.what(), short(&empty))
            });
        }
    }

    /// What is wrong with a spreadsheet as a whole, or with how it is sent.
    async fn file(&self) {
        let columns = "external_id,branch_code,title,category,due_on";
        let ragged = format!("{columns}\na,b\n");
        let twice = format!("{columns},title\n");
        let cases: [(&str, &str, &[u8], u16); 11] = [
            ("", "application/json", b"{}", 415),
            ("", "multipart/form-data; boundary=x", b"--x--", 415),
            ("", "text/csv", b"", 422),
            ("", "text/csv", b"\xff\xfe\0x", 422),
            ("", "text/csv", b"a\0b,c\n", 422),
            ("", "text/csv", b"what,is,this\n", 422),
            ("", "text/csv", twice.as_bytes(), 422),
            ("", "text/csv", ragged.as_bytes(), 200),
            ("?surprise=1", "text/csv", columns.as_bytes(), 422),
            ("?kind=people", "text/csv", columns.as_bytes(), 422),
            ("?dry_run=perhaps", "text/csv", columns.as_bytes(), 422),
        ];
        for (query, content_type, body, status) in cases {
            let path = format!("{}{query}", self.line.path);
            let site = &self.scene.site;
            let request = self
                .alice
                .request(site, self.line.method, &path, Way::Cookie);
            let request = self
                .alice
                .proven(request)
                .header("content-type", content_type);
            let answer = send(request.body(body.to_vec())).await;
            self.findings.must(answer.status == status, || {
                let start = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
                format!(
                    "{path} must be {status}: {content_type} {start:?}: {}",
                    short(&answer)
                )
            });
        }
    }

    /// What is wrong with the request as a whole.
    async fn whole(&self) {
        let unknown = self.with("surprise", json!("1")).await;
        let is_api = self.route.kind == Kind::Api;
        let named = unknown.status == 422 && (!is_api || names(&unknown, "surprise"));
        self.findings.must(named, || {
            format!("{} with a surprise: {}", self.what(), short(&unknown))
        });
        let (good, bad): (&str, &[Sent]) = match self.route.kind {
            Kind::Api => (
                "application/json",
                &[
                    ("application/json", b"{", 400),
                    ("application/json", b"[]", 400),
                    ("application/json", b"\xff", 400),
                    ("application/json", b"{\"a\":1}{}", 400),
                    ("application/json", b"{\"a\":1,\"a\":2}", 400),
                    ("text/plain", b"{}", 415),
                    ("application/x-www-form-urlencoded", b"a=b", 415),
                ],
            ),
            _ => (
                "application/x-www-form-urlencoded",
                &[
                    ("application/x-www-form-urlencoded", b"a=%ff", 400),
                    ("application/json", b"{}", 415),
                    ("multipart/form-data; boundary=x", b"--x--", 415),
                ],
            ),
        };
        let raw = async |content_type: &str, body: Vec<u8>| {
            let path = self.line.at(&self.own);
            let request =
                self.alice
                    .request(&self.scene.site, self.line.method, &path, Way::Cookie);
            let request = self
                .alice
                .proven(request)
                .header("content-type", content_type);
            send(request.body(body)).await
        };
        for (content_type, body, status) in
            bad.iter().copied().chain([(good, LARGE.as_slice(), 413)])
        {
            let answer = raw(content_type, body.to_vec()).await;
            self.findings.must(answer.status == status, || {
                let start = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
                format!(
                    "{} must be {status}: {content_type} {start:?}: {}",
                    self.what(),
                    short(&answer)
                )
            });
        }
    }
}

/// What Alice may do this with, as it is before anything was done with it.
async fn own(scene: &Scene, line: &Line) -> Ids {
    let mut own = Ids {
        obligation: scene.something_owed().await,
        ..scene.first.clone()
    };
    if line.thing == Some(Thing::Passkey) {
        own.passkey = passkey_of(&scene.app, &scene.acme, &scene.alice).await;
    }
    // What ends or changes its state is done once to each; an organisation has not many.
    let ends = ["/remove", "/disable", "/unlink"]
        .iter()
        .any(|end| line.path.ends_with(end));
    let of_provider = matches!(
        line.thing,
        Some(Thing::Provider | Thing::ProviderDomain | Thing::Identity)
    );
    if of_provider && (line.method == "DELETE" || ends) {
        let made = provider_of(&scene.app, &scene.acme, &scene.alice).await;
        (own.provider, own.provider_domain, own.identity) = made;
    }
    if line.thing == Some(Thing::Route) && (line.method == "DELETE" || ends) {
        own.route = route_of(&scene.app, &scene.acme).await;
    }
    if line.thing == Some(Thing::Session) {
        let cookie = scene.app.sign_in(&scene.alice).await;
        let (tx, session) = scene.app.full(&cookie).await;
        tx.finish().await.expect("finishes");
        own.session = session.id.to_string();
    }
    if line.path.starts_with("/api/v1/tokens") || line.path.starts_with("/settings/tokens") {
        own.person = scene.alice.id.to_string();
    }
    if line.path.ends_with("/reopen") && line.thing == Some(Thing::Obligation) {
        let id: ObligationId = own.obligation.parse().expect("an id");
        let actor = scene.app.acting(&scene.alice).await;
        let raw = RawReason {
            reason: "settled".into(),
        };
        let waived = commands::waive(&scene.app.app, &actor, id, &raw, None).await;
        waived.expect("it is waived");
    }
    own
}

#[tokio::test]
async fn every_field_of_every_route_is_refused_by_name_and_never_an_error_of_ours() {
    let scene = Scene::begin().await;
    let description = serde_json::to_value(intrex_web::openapi()).expect("serialises");
    let alice = Caller::full(&scene.app, "Alice", &scene.alice).await;
    let findings = Findings::default();
    let mut tried = 0;
    for (route, line) in routes() {
        if line.method == "GET" || Permission::parse(route.permission).is_none() {
            continue;
        }
        let mut trial = Trial {
            scene: &scene,
            alice: &alice,
            route,
            line,
            own: own(&scene, &line).await,
            findings: &findings,
        };
        // A good body is taken: what is refused below is refused for what is wrong with it.
        let good = trial.send(&trial.body()).await;
        let taken = match line.proves {
            Some(field) => good.status == 422 && names(&good, field),
            None => [200, 201, 204, 303, 409].contains(&good.status),
        };
        findings.must(taken, || {
            format!("{} with a good body: {}", trial.what(), short(&good))
        });
        for field in fields(&line, &description) {
            trial.own = own(&scene, &line).await;
            trial.field(&field).await;
            tried += 1;
        }
        if trial.body().is_string() {
            trial.file().await;
        } else {
            trial.whole().await;
        }
    }
    findings.finish();
    assert!(tried > 100, "only {tried} fields were found");
    scene.app.finish().await;
}

#[tokio::test]
async fn no_query_is_an_error_of_ours() {
    let scene = Scene::begin().await;
    let alice = Caller::full(&scene.app, "Alice", &scene.alice).await;
    let queries = [
        "surprise=1",
        "limit=0",
        "limit=-1",
        "limit=99999999999999999999",
        "cursor=x",
        "cursor=%00",
        "q=%00",
        "q=%ff",
        "branch_id=x",
        "owner_id=%00",
        "template_id=17",
        "due_from=0000-00-00",
        "due_to=2026-02-30",
        "from=9999-12-31",
        "from=0000-00-00",
        "status=%00",
        "active=x",
        "sort=x",
        "entity_id=x",
        "seen=x",
        "limit=1&limit=2",
        "q=1&q=2",
        "next=//elsewhere",
    ];
    let findings = Findings::default();
    for (route, line) in routes() {
        if line.method == "GET" {
            for query in queries {
                for way in alice.ways(route.kind) {
                    let path = format!("{}?{query}", line.at(&scene.first));
                    let answer = send(alice.request(&scene.site, "GET", &path, way)).await;
                    findings.must(answer.status < 500, || {
                        format!("{path}: {}", short(&answer))
                    });
                }
            }
        }
    }
    findings.finish();
    scene.app.finish().await;
}
