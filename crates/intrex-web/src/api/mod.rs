//! The API: JSON for programs, version by version. The description is made from the code; a test compares its paths with
//! the routes.

mod v1;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder, Responses,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::answer::{PROBLEM, Problem};

pub(crate) use v1::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Intrex",
        description = "The register of what every branch owes, and to whom, by when. Errors are RFC 9457 problems; lists are \
                       paged by cursor; a POST with an `Idempotency-Key` has one effect however often it is sent.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(Problem)),
    modifiers(&Credentials),
    security(("token" = []), ("session" = [])),
)]
struct Frame;

struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(
            "token",
            SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)),
        );
        components.add_security_scheme(
            "session",
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                crate::request::cookies::SESSION,
                "With `X-CSRF-Token` on whatever changes something.",
            ))),
        );
    }
}

/// The API's description.
pub fn openapi() -> Document {
    let mut document = Frame::openapi();
    document.info.version = "1".to_owned();
    v1::describe(&mut document);
    for item in document.paths.paths.values_mut() {
        for operation in [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ]
        .into_iter()
        .flatten()
        {
            tell_of_problems(&mut operation.responses);
        }
    }
    document
}

/// Every operation answers with a problem whatever goes wrong, also where it names no such status: a credential that does not
/// count, a body that cannot be read, too many requests, a database that is away.
fn tell_of_problems(responses: &mut Responses) {
    for (status, response) in &mut responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if !status.starts_with('2')
            && let Some(content) = response.content.shift_remove("application/json")
        {
            response.content.insert(PROBLEM.to_owned(), content);
        }
    }
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let other = ResponseBuilder::new()
        .description("Whatever else went wrong")
        .content(PROBLEM, problem.build());
    responses
        .responses
        .entry("default".to_owned())
        .or_insert_with(|| other.build().into());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use crate::routes::Kind;

    #[test]
    fn the_description_has_every_route_of_the_api_and_no_other() {
        let document = serde_json::to_value(super::openapi()).expect("serialises");
        let described: BTreeSet<String> = document["paths"]
            .as_object()
            .expect("paths")
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().expect("a path").keys();
                methods
                    .filter(|method| method.as_str() != "parameters")
                    .map(move |method| format!("{} {path}", method.to_uppercase()))
            })
            .collect();
        let routes: BTreeSet<String> = crate::routes()
            .iter()
            .filter(|route| route.kind == Kind::Api)
            .map(|route| {
                let method = serde_json::to_value(route.method).expect("serialises");
                format!("{} {}", method.as_str().expect("a text"), route.path)
            })
            .collect();
        assert_eq!(described, routes);
    }

    /// Every object below a value, with itself.
    fn objects(value: &Value) -> Vec<&serde_json::Map<String, Value>> {
        let (own, below): (Option<_>, Vec<&Value>) = match value {
            Value::Object(map) => (Some(map), map.values().collect()),
            Value::Array(all) => (None, all.iter().collect()),
            _ => (None, Vec::new()),
        };
        own.into_iter()
            .chain(below.into_iter().flat_map(objects))
            .collect()
    }

    #[test]
    fn the_description_refers_to_nothing_that_it_does_not_have() {
        let document = serde_json::to_value(super::openapi()).expect("serialises");
        let mut seen = 0;
        for object in objects(&document) {
            let Some(Value::String(to)) = object.get("$ref") else {
                continue;
            };
            seen += 1;
            let pointer = to.strip_prefix('#').expect("refers to itself");
            assert!(document.pointer(pointer).is_some(), "{to}");
        }
        assert!(seen > 100, "{seen}");
    }

    #[test]
    fn whatever_goes_wrong_is_told_as_a_problem() {
        let document = serde_json::to_value(super::openapi()).expect("serialises");
        let paths = document["paths"].as_object().expect("paths").values();
        let operations = paths.flat_map(|item| item.as_object().expect("a path").values());
        for operation in operations.filter(|one| one.is_object()) {
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.contains_key("default"), "{operation}");
            for (status, response) in responses {
                if !status.starts_with('2') {
                    let content = &response["content"];
                    assert!(content.get("application/json").is_none(), "{operation}");
                    let problem = &content["application/problem+json"]["schema"]["$ref"];
                    assert_eq!(problem, "#/components/schemas/Problem", "{operation}");
                }
            }
        }
    }

    #[test]
    fn every_route_of_the_api_needs_a_permission() {
        for route in crate::routes() {
            if route.kind == Kind::Api {
                assert!(route.path.starts_with("/api/v1/"), "{}", route.path);
                assert!(route.permission.contains(':'), "{}", route.path);
            }
        }
    }
}
