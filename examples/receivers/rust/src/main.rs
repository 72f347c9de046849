//! Receives webhooks of Intrex: verifies both signatures, keeps each message once, answers at once. Settings come from the
//! environment:
//!
//! - `WEBHOOK_SECRETS`: the signing secrets to accept, with spaces between: two while the secret changes
//! - `PORT`: where to listen on 127.0.0.1 (8787); 0 is any free port
//! - `STORE`: the folder of what has arrived, one file a message (`webhooks`)

mod signatures;

use std::{
    env, fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::Response,
};
use signatures::Key;

/// Bytes of a body.
const MAX_BODY: usize = 64 * 1024;
/// For a sender to say what it has to say.
const PATIENCE: Duration = Duration::from_secs(10);

struct Receiver {
    keys: Vec<Key>,
    store: PathBuf,
    halves: AtomicU64,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let secrets = env::var("WEBHOOK_SECRETS").unwrap_or_default();
    let keys = signatures::keys(&secrets).ok_or_else(|| {
        io::Error::other("WEBHOOK_SECRETS needs a secret that begins with whsec_")
    })?;
    let store = PathBuf::from(env::var("STORE").unwrap_or_else(|_| "webhooks".into()));
    fs::create_dir_all(&store)?;
    let port = env::var("PORT").map_or(Ok(8787), |port| port.parse());
    let port: u16 = port.map_err(io::Error::other)?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let mut out = io::stdout();
    writeln!(out, "listening on port {}", listener.local_addr()?.port())?;
    let receiver = Receiver {
        keys,
        store,
        halves: AtomicU64::new(0),
    };
    let router = Router::new()
        .fallback(receive)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(in_time))
        .with_state(Arc::new(receiver));
    axum::serve(listener, router).await
}

async fn in_time(request: Request, next: Next) -> Result<Response, StatusCode> {
    let answer = tokio::time::timeout(PATIENCE, next.run(request)).await;
    answer.map_err(|_| StatusCode::REQUEST_TIMEOUT)
}

/// `Bytes` are exactly what was sent: a body that was parsed and written again has other bytes.
async fn receive(
    State(receiver): State<Arc<Receiver>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    if let Err(status) = signatures::verify(&receiver.keys, header, &body, now.as_secs()) {
        return status;
    }
    // A place for the work is elsewhere: whoever does it reads what is kept, after we have said yes.
    let id = header("webhook-id").to_owned();
    let told = id.clone();
    let kept = tokio::task::spawn_blocking(move || receiver.keep(&id, &body)).await;
    let (Ok(Ok(new)), mut out) = (kept, io::stdout()) else {
        // What we could not keep is sent again.
        return StatusCode::INTERNAL_SERVER_ERROR;
    };
    writeln!(out, "{} {told}", if new { "kept" } else { "known" }).ok();
    StatusCode::NO_CONTENT
}

impl Receiver {
    /// Whether it is new: what is sent again has the same id. It is on the disk when this returns, whole or not at all.
    fn keep(&self, id: &str, body: &[u8]) -> io::Result<bool> {
        let number = self.halves.fetch_add(1, Ordering::Relaxed);
        let half = self.store.join(format!(".{}-{number}", process::id()));
        let kept = write(&half, body)
            .and_then(|()| fs::hard_link(&half, self.store.join(format!("{id}.json"))));
        fs::remove_file(&half)?;
        match kept {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn write(path: &Path, body: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(body)?;
    file.sync_all()
}
