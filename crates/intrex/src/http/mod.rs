//! Listening: one port, built-in HTTPS or plain HTTP, limits on what a connection may cost, and a stop that lets requests
//! finish. What is answered is `intrex-web`'s.
//!
//! `door` what becomes of a new connection · `plain` what becomes of a request that came without encryption.

mod door;
mod plain;

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::Router;
use axum_server::{Handle, tls_rustls::RustlsConfig};
use hyper_util::rt::TokioTimer;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use crate::config::{HttpConfig, TlsFiles};
use door::Door;
pub use plain::PlainHttp;

/// How long a client may take to send the head of a request, and an idle connection may stay open.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests in flight may take when the program stops.
pub const STOP_WITHIN: Duration = Duration::from_secs(10);
/// Ports that a demonstration tries after the one that it would like.
const PORTS_TRIED: u16 = 50;
/// Streams that one HTTP/2 connection may have open.
const MAX_STREAMS: u32 = 100;

/// Takes the port.
///
/// # Errors
/// When it is taken already, or the address is not this machine's.
pub fn bind(address: SocketAddr) -> Result<TcpListener> {
    listen(address).with_context(|| {
        format!("cannot listen on {address}: choose another address or port with BIND")
    })
}

/// Takes the port or, if another program has it, the next free one.
///
/// # Errors
/// When none of the next ports is free either.
pub fn bind_next_free(address: SocketAddr) -> Result<TcpListener> {
    let mut taken = None;
    for offset in 0..PORTS_TRIED {
        let Some(port) = address.port().checked_add(offset) else {
            break;
        };
        match listen(SocketAddr::new(address.ip(), port)) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => taken = Some(error),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot listen on {address}"));
            }
        }
    }
    Err(taken.map_or_else(
        || anyhow::anyhow!("there is no such port"),
        anyhow::Error::from,
    ))
    .with_context(|| format!("cannot listen on {address} or one of the next {PORTS_TRIED} ports"))
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until `stop` is over, then lets requests in flight finish for a while.
///
/// # Errors
/// When the certificate cannot be used, or the listener fails.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: &HttpConfig,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let tls = match &config.tls {
        Some(files) => Some(tls(files).await?),
        None => None,
    };
    if let (Some(tls), Some(files)) = (&tls, &config.tls) {
        reload_on_hangup(tls.clone(), files.clone())?;
    }
    let router = plain::guard(router, PlainHttp::of(config), origin(&config.base_url));
    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopping.graceful_shutdown(Some(STOP_WITHIN));
    });
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(Door::new(tls))
        .handle(handle);
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(HEAD_TIMEOUT)
        .keep_alive_timeout(HEAD_TIMEOUT);
    server
        .serve(router.into_make_service_with_connect_info::<SocketAddr>())
        .await
        .context("the listener failed")
}

fn origin(base_url: &Url) -> String {
    base_url.origin().ascii_serialization()
}

async fn tls(files: &TlsFiles) -> Result<RustlsConfig> {
    RustlsConfig::from_pem_file(&files.cert, &files.key)
        .await
        .with_context(|| {
            format!(
                "cannot serve HTTPS with TLS_CERT ({}) and TLS_KEY ({}): both must be PEM, and belong together",
                files.cert.display(),
                files.key.display()
            )
        })
}

/// A renewed certificate is taken over by `kill -HUP`, without a connection lost.
fn reload_on_hangup(tls: RustlsConfig, files: TlsFiles) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            match tls.reload_from_pem_file(&files.cert, &files.key).await {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(error) => {
                    tracing::error!(%error, "the certificate cannot be read; the old one stays");
                }
            }
        }
    });
    Ok(())
}
