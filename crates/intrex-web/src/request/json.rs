//! JSON that a program has sent, decoded into the same raw structs as forms; and repeated requests, which get the answer
//! that the first one got.

use axum::{
    extract::{FromRequest, FromRequestParts, MatchedPath, Request},
    http::{HeaderMap, Method, header::CONTENT_TYPE},
};
use intrex_core::{
    Actor, Error,
    actor::IdempotencyKey,
    catalogue::{Text, keys},
    idempotency::{self, Replay},
};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, MapAccess, Visitor},
};
use sha2::{Digest as _, Sha256};

use super::{
    Exchange,
    exchange::{Proof, Standing},
    fields,
    form::{is_type, read_body},
};
use crate::{
    WebState,
    answer::{Fault, json},
};

/// The header that makes a POST repeatable.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Its longest value, in characters.
const MAX_IDEMPOTENCY_KEY: usize = 200;

/// A JSON object from somebody who is signed in and may do this. An empty body is an empty object.
#[derive(Debug)]
pub struct Json<T> {
    /// Who sent it; with the idempotency key, where there is one.
    pub actor: Actor,
    /// What was sent.
    pub input: T,
}

impl<T: DeserializeOwned> FromRequest<WebState> for Json<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, web: &WebState) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let exchange = Exchange::from_request_parts(&mut parts, web).await?;
        let Standing::Acting(actor, proof) = exchange.take_standing() else {
            return Err(Fault::internal("a command on a route that lets nobody act"));
        };
        if proof != Proof::Given {
            return Err(Fault::Forged);
        }
        let bytes = read_body(body).await?;
        let said = parts.headers.contains_key(CONTENT_TYPE);
        if !is_type(&parts.headers, "application/json") && (said || !bytes.is_empty()) {
            return Err(Fault::WrongType);
        }
        let object = object(&bytes)?;
        let mut actor = *actor;
        if parts.method == Method::POST
            && let Some(key) = idempotency_key(&parts.headers)?
        {
            let key = IdempotencyKey {
                key,
                route: format!("POST {}", parts.uri.path()),
                body_hash: Sha256::digest(&bytes).into(),
            };
            let creates = parts
                .extensions
                .get::<MatchedPath>()
                .is_some_and(|path| !path.as_str().contains('{'));
            not_yet_answered(web, &actor, &key, parts.uri.path(), creates).await?;
            actor = actor.repeatable(key);
        }
        let input = fields::decode(fields::of_object(object))?;
        Ok(Json { actor, input })
    }
}

fn object(bytes: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, Fault> {
    if bytes.is_empty() {
        return Ok(serde_json::Map::new());
    }
    match serde_json::from_slice(bytes) {
        Ok(Once(object)) => Ok(object),
        Err(error) if error.is_data() => Err(Fault::Malformed(fields::malformed(
            "a JSON object is expected, with each name once",
        ))),
        Err(error) => Err(Fault::Malformed(fields::malformed(format!(
            "it is no JSON at line {}, column {}",
            error.line(),
            error.column()
        )))),
    }
}

/// A JSON object that names each member once. Which of two values counts differs from parser to parser: somebody in
/// between may have looked at the other one. (RFC 8259, section 4.)
struct Once(serde_json::Map<String, serde_json::Value>);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Once;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Once, A::Error> {
        let mut object = serde_json::Map::new();
        while let Some((name, value)) = members.next_entry::<String, serde_json::Value>()? {
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("a name stands twice"));
            }
        }
        Ok(Once(object))
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else {
        return Ok(None);
    };
    key.to_str()
        .ok()
        .filter(|key| (1..=MAX_IDEMPOTENCY_KEY).contains(&key.len()) && given.next().is_none())
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| {
            let text = Text::new(keys::API_IDEMPOTENCY_KEY_LENGTH).with("max", MAX_IDEMPOTENCY_KEY);
            Error::invalid("Idempotency-Key", text)
        })
}

/// Fails with the kept answer if the same request was made before.
async fn not_yet_answered(
    web: &WebState,
    actor: &Actor,
    key: &IdempotencyKey,
    path: &str,
    creates: bool,
) -> Result<(), Fault> {
    let mut tx = web.app.db.read(actor).await?;
    let replay = idempotency::replay(&mut tx, key).await?;
    tx.finish().await?;
    match replay {
        None => Ok(()),
        Some(Replay::Same(answer)) => Err(Fault::Answered(Box::new(json::repeated(
            path, creates, answer,
        )))),
        Some(Replay::OtherBody) => {
            Err(Error::invalid("Idempotency-Key", keys::API_IDEMPOTENCY_KEY_REUSED).into())
        }
    }
}
