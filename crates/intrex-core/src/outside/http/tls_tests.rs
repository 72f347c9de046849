//! Certificates that must not be trusted, and the one that must. Here and not with the other tests of the way out, because
//! an authority of one's own can be trusted in tests of this crate alone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    HandshakeKind, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::{Guard, Limits, OutgoingError, OutgoingSettings, client::Client};

/// Short, for servers that never speak.
const SHORT: Limits = Limits {
    connect: Duration::from_millis(300),
    total: Duration::from_secs(10),
    body_bytes: 1_024,
};

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    root: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new([]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).expect("signs itself");
        Authority {
            root: root.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    fn certificate(&self, change: impl FnOnce(&mut CertificateParams)) -> Certificate {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("an address");
        change(&mut params);
        let signed = params.signed_by(&key, &self.issuer).expect("signs");
        (signed.der().clone(), key)
    }
}

type Certificate = (CertificateDer<'static>, KeyPair);

/// A server that shows a certificate and answers every request with nothing.
struct Server {
    port: u16,
    full_handshakes: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve((certificate, key): Certificate) -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate of this key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port is free");
    let port = listener.local_addr().expect("is bound").port();
    let full_handshakes = Arc::<AtomicUsize>::default();
    let counted = full_handshakes.clone();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            if stream.get_ref().1.handshake_kind() != Some(HandshakeKind::Resumed) {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            let _ = stream.read(&mut [0; 1_024]).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    Server {
        port,
        full_handshakes,
        task,
    }
}

fn trusting(authority: &Authority) -> Client {
    let guard = Guard::new(OutgoingSettings {
        private_nets: vec!["127.0.0.1/32".parse().expect("a network")],
        ..OutgoingSettings::default()
    });
    Client::trusting(guard, authority.root.clone())
}

async fn ask(client: &Client, port: u16) -> Result<u16, OutgoingError> {
    let request = ::http::Request::get(format!("https://127.0.0.1:{port}/"));
    let answer = client.send(request.body(Vec::new()).expect("a request"), SHORT);
    answer.await.map(|answer| answer.status().as_u16())
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_for_this_very_host_is_accepted() {
    let authority = Authority::new();
    let server = serve(authority.certificate(|_| ())).await;
    assert_eq!(ask(&trusting(&authority), server.port).await, Ok(204));
}

#[tokio::test]
async fn every_other_certificate_is_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let named = |name: &str| CertificateParams::new([name.to_owned()]).expect("a name");
    let alone = {
        let key = KeyPair::generate().expect("a key");
        let signed = named("127.0.0.1").self_signed(&key).expect("signs itself");
        (signed.der().clone(), key)
    };
    let cases = [
        ("of a stranger", stranger.certificate(|_| ())),
        ("signed by itself", alone),
        (
            "for another address",
            authority.certificate(|params| *params = named("127.0.0.2")),
        ),
        (
            "for a name",
            authority.certificate(|params| *params = named("example.test")),
        ),
        (
            "past its end",
            authority.certificate(|params| params.not_after = date_time_ymd(2020, 1, 1)),
        ),
        (
            "before its time",
            authority.certificate(|params| params.not_before = date_time_ymd(3000, 1, 1)),
        ),
    ];
    for (what, certificate) in cases {
        let server = serve(certificate).await;
        let refused = ask(&trusting(&authority), server.port).await;
        assert_eq!(refused, Err(OutgoingError::Tls), "{what}");
    }
}

#[tokio::test]
async fn no_session_is_taken_up_again_because_that_would_skip_the_certificate() {
    let authority = Authority::new();
    let server = serve(authority.certificate(|_| ())).await;
    let client = trusting(&authority);
    for _ in 0..3 {
        assert_eq!(ask(&client, server.port).await, Ok(204));
    }
    assert_eq!(server.full_handshakes.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_server_without_tls_is_refused_and_one_that_never_greets_is_given_up() {
    let client = trusting(&Authority::new());
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port is free");
    let port = listener.local_addr().expect("is bound").port();
    let plain = async {
        let (mut stream, _) = listener.accept().await.expect("accepts");
        let _ = stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await;
        stream
    };
    let (refused, _held) = tokio::join!(ask(&client, port), plain);
    assert_eq!(refused, Err(OutgoingError::Tls));
    let silent = async { listener.accept().await.expect("accepts") };
    let (given_up, _held) = tokio::join!(ask(&client, port), silent);
    assert_eq!(given_up, Err(OutgoingError::TimedOut));
}
