//! What becomes of a new connection. With built-in HTTPS the first byte tells what the client speaks: a TLS handshake is
//! done, anything else goes on unencrypted and is marked so. There are never more connections than can be served.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::Extension;
use axum_server::{
    accept::{Accept, DefaultAcceptor},
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tower::Layer as _;

/// Connections at the same time.
const MAX_CONNECTIONS: usize = 4_000;
/// How long a client may take for its first byte and for its handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first byte of a TLS record that holds a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// How a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Through our own TLS.
    Ours,
    /// As it is.
    None,
}

/// Lets connections in.
#[derive(Debug, Clone)]
pub(super) struct Door {
    tls: Option<RustlsAcceptor>,
    places: Arc<Semaphore>,
}

type TlsStream = <RustlsAcceptor as Accept<TcpStream, ()>>::Stream;
type Service<S> = <Extension<Encryption> as tower::Layer<S>>::Service;

impl Door {
    pub(super) fn new(tls: Option<RustlsConfig>) -> Self {
        Door {
            tls: tls.map(|config| {
                RustlsAcceptor::new(config)
                    .handshake_timeout(HANDSHAKE_TIMEOUT)
                    .acceptor(DefaultAcceptor)
            }),
            places: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        }
    }

    async fn let_in(self, stream: TcpStream) -> io::Result<(Connection, Encryption)> {
        let place = self.places.try_acquire_owned().map_err(io::Error::other)?;
        stream.set_nodelay(true)?;
        let Some(tls) = self.tls else {
            return Ok((Connection::plain(stream, place), Encryption::None));
        };
        let mut first = [0];
        let seen = timeout(HANDSHAKE_TIMEOUT, stream.peek(&mut first)).await??;
        if seen == 1 && first[0] != TLS_HANDSHAKE {
            return Ok((Connection::plain(stream, place), Encryption::None));
        }
        let (stream, ()) = tls.accept(stream, ()).await?;
        let connection = Connection {
            stream: Stream::Tls(Box::new(stream)),
            _place: place,
        };
        Ok((connection, Encryption::Ours))
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for Door {
    type Stream = Connection;
    type Service = Service<S>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Connection, Service<S>)>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let door = self.clone();
        Box::pin(async move {
            let (connection, encryption) = door.let_in(stream).await?;
            Ok((connection, Extension(encryption).layer(service)))
        })
    }
}

/// A connection that was let in; it gives its place back when it ends.
pub(super) struct Connection {
    stream: Stream,
    _place: OwnedSemaphorePermit,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream>),
}

impl Connection {
    fn plain(stream: TcpStream, place: OwnedSemaphorePermit) -> Self {
        Connection {
            stream: Stream::Plain(stream),
            _place: place,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
