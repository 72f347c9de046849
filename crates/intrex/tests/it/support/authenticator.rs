//! An authenticator in software, as small as WebAuthn allows: a P-256 key, attestation `none`, a counter that grows. What it
//! says of itself can be bent, because that is what attackers do.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use intrex_core::clock::Chance;
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

/// One passkey, and the browser around it.
#[derive(Debug, Clone)]
pub(crate) struct Authenticator {
    key: SigningKey,
    pub(crate) id: Vec<u8>,
    /// What is signed next is numbered one higher.
    pub(crate) counter: u32,
    /// Where the browser says that it is.
    pub(crate) origin: String,
    /// For which host the authenticator says that it signs.
    pub(crate) rp_id: String,
    /// Whether it says that it has seen a finger or a PIN.
    pub(crate) verifies: bool,
    /// The challenge that it signs in the place of the one that was given.
    pub(crate) challenge: Option<String>,
}

impl Authenticator {
    /// One at a site, without anything made yet.
    pub(crate) fn at(origin: &str) -> Self {
        Authenticator {
            key: SigningKey::from_slice(&Chance.bytes::<32>()).expect("a key"),
            id: Chance.bytes::<32>().to_vec(),
            counter: 0,
            origin: origin.to_owned(),
            rp_id: "localhost".to_owned(),
            verifies: true,
            challenge: None,
        }
    }

    /// Makes its passkey, as the options ask; what the page's script would send.
    pub(crate) fn make(&mut self, options: &Value) -> String {
        let client = self.client("webauthn.create", options);
        let mut data = self.data(HAS_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        // {"fmt": "none", "attStmt": {}, "authData": data}
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).expect("short"));
        object.extend(data);
        self.credential(json!({
            "clientDataJSON": text(client.as_bytes()),
            "attestationObject": text(&object),
            "transports": ["internal"],
        }))
    }

    /// Signs what the options ask.
    pub(crate) fn sign(&mut self, options: &Value) -> String {
        let client = self.client("webauthn.get", options);
        let data = self.data(0);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(client.as_bytes()));
        let signature: Signature = self.key.sign(&signed);
        self.credential(json!({
            "clientDataJSON": text(client.as_bytes()),
            "authenticatorData": text(&data),
            "signature": text(signature.to_der().as_bytes()),
        }))
    }

    fn client(&self, kind: &str, options: &Value) -> String {
        let given = options["challenge"].as_str().expect("a challenge");
        let challenge = self.challenge.as_deref().unwrap_or(given);
        let origin = &self.origin;
        format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
        )
    }

    fn data(&mut self, flags: u8) -> Vec<u8> {
        self.counter = self.counter.wrapping_add(1);
        let verified = if self.verifies { USER_VERIFIED } else { 0 };
        let mut data = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        data.push(USER_PRESENT | verified | flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// The key in COSE: `{1: 2, 3: -7, -1: 1, -2: x, -3: y}`.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_encoded_point(false);
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(point.x().expect("a point"));
        key.extend(b"\x22\x58\x20");
        key.extend(point.y().expect("a point"));
        key
    }

    fn credential(&self, response: Value) -> String {
        let id = text(&self.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        })
        .to_string()
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
