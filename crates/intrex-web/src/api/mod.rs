//! The API: JSON for programs, version by version. The description is made from the code; a test compares its paths with
//! the routes.

mod v1;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::answer::Problem;

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
    document
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

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
