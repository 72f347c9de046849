//! A running installation: pages, API and background work, from the port to the database, and the way down again. It stops
//! within ten seconds of being told, lets requests finish, and leaves no process behind.

pub(crate) mod health;

use std::{net::TcpListener, time::Duration};

use anyhow::{Context as _, Result};
use intrex_core::{
    App,
    clock::Clock,
    db::migrate::{Installation, InstallationKind},
    worker,
};
use intrex_web::{Options, WebState};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    config::Config,
    database::{Database, Sharing},
    demo::{self, DemoFile},
    http,
};

/// How long background work may take to finish what it does.
const WORK_STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How long connections to the database may take to close.
const DATABASE_CLOSES_WITHIN: Duration = Duration::from_secs(3);
/// The exit code of a program that was interrupted twice.
const INTERRUPTED: i32 = 130;

/// What this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Pages, API and background work.
    All,
    /// Pages and API alone.
    Pages,
    /// Background work alone.
    Work,
    /// Everything, on a demonstration that is made at the first start.
    Demo,
}

impl Part {
    fn has_pages(self) -> bool {
        self != Part::Work
    }

    fn works(self) -> bool {
        self != Part::Pages
    }
}

/// Runs until it is told to stop.
///
/// # Errors
/// When the port, the database or the configuration does not allow it.
pub fn run(mut config: Config, part: Part) -> Result<()> {
    // The first thing, because a library that needs TLS before it finds no provider and panics.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let listener = match part {
        Part::Work => None,
        Part::Demo => Some(http::bind_next_free(config.http.bind)?),
        Part::All | Part::Pages => Some(http::bind(config.http.bind)?),
    };
    if let Some(listener) = &listener {
        follow_the_port(&mut config, listener)?;
    }
    // Outside the runtime, because starting and stopping PostgreSQL blocks.
    let database = match part {
        Part::Demo => Database::open(&config, Sharing::Refused)
            .context("the demonstration cannot start; perhaps it is running already")?,
        _ => Database::open(&config, Sharing::Allowed)?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    let served = runtime.block_on(Box::pin(serve(&config, &database, part, listener)));
    runtime.shutdown_timeout(Duration::from_secs(1));
    database.stop();
    tracing::info!("stopped");
    served
}

/// Without a `BASE_URL`, people reach it where it listens.
fn follow_the_port(config: &mut Config, listener: &TcpListener) -> Result<()> {
    config.http.bind = listener.local_addr()?;
    if !config.http.base_url_given {
        // The scheme is http and the host is localhost: a port is always possible.
        let _ = config.http.base_url.set_port(Some(config.http.bind.port()));
    }
    Ok(())
}

async fn serve(
    config: &Config,
    database: &Database,
    part: Part,
    listener: Option<TcpListener>,
) -> Result<()> {
    let stop = stop_signal()?;
    let mut interrupted = stop.clone();
    tokio::select! {
        biased;
        _ = interrupted.wait_for(|stop| *stop) => Ok(()),
        ready = Box::pin(prepare(config, database, part)) => {
            let (app, demo) = ready?;
            let served = attend(config, &app, part, listener, demo, stop).await;
            if tokio::time::timeout(DATABASE_CLOSES_WITHIN, app.db.close()).await.is_err() {
                tracing::warn!("connections to the database did not close in time");
            }
            served
        }
    }
}

/// The database as this program needs it, and the demonstration's people if it is one.
async fn prepare(
    config: &Config,
    database: &Database,
    part: Part,
) -> Result<(App, Option<DemoFile>)> {
    let kind = match part {
        Part::Demo => InstallationKind::Demo,
        _ => InstallationKind::Production,
    };
    if part == Part::Demo {
        demo::clear_unfinished(config, database).await?;
    }
    let found: Installation = database.prepare(kind, &Clock::system()).await?;
    if part != Part::Demo {
        demo::fits(config, found)?;
    }
    let is_demo = found.kind == InstallationKind::Demo;
    let app = database.connect(config, is_demo).await?;
    let demo = match part {
        Part::Demo => Some(demo::open(&app, config, database, found).await?),
        _ if is_demo => demo::read(&app, config).await?,
        _ => None,
    };
    Ok((app, demo))
}

/// Works and answers until the signal, then stops in order: pages first, because they wait for the work that they began.
async fn attend(
    config: &Config,
    app: &App,
    part: Part,
    listener: Option<TcpListener>,
    demo: Option<DemoFile>,
    mut stop: watch::Receiver<bool>,
) -> Result<()> {
    let (stop_work, work_stops) = watch::channel(false);
    let work = part.works().then(|| {
        let app = app.clone();
        tokio::spawn(async move { worker::run(&app, work_stops).await })
    });
    let keeps_time = tokio::spawn({
        let (app, stop) = (app.clone(), stop.clone());
        async move { app.db.keep_time(stop).await }
    });
    let served = match listener {
        Some(listener) if part.has_pages() => {
            let people = match &demo {
                Some(file) => Some(demo::people(app, file).await?),
                None => None,
            };
            let options = Options {
                trusted_proxies: config.http.trusted_proxies.clone(),
                demo: people,
                readiness: health::checks(app, config),
                security_contact: None,
                metrics_token: config.metrics_token.clone(),
            };
            let router = intrex_web::router(WebState::new(app.clone(), options));
            announce(config, part, demo.as_ref())?;
            http::serve(listener, router, &config.http, async move {
                let _ = stop.wait_for(|stop| *stop).await;
                tracing::info!("stopping");
            })
            .await
        }
        _ => {
            tracing::info!("working in the background");
            let _ = stop.wait_for(|stop| *stop).await;
            tracing::info!("stopping");
            Ok(())
        }
    };
    keeps_time.abort();
    let _ = stop_work.send(true);
    if let Some(work) = work
        && tokio::time::timeout(WORK_STOPS_WITHIN, work).await.is_err()
    {
        tracing::warn!(
            "background work did not end in time; the next start does again what was under way"
        );
    }
    served
}

fn announce(config: &Config, part: Part, demo: Option<&DemoFile>) -> Result<()> {
    let address = config.http.base_url.origin().ascii_serialization();
    tracing::info!(%address, bind = %config.http.bind, "ready");
    match (part, demo) {
        (Part::Demo, Some(file)) => demo::tell(file, config),
        _ => Ok(()),
    }
}

/// Turns true at SIGINT or SIGTERM. A second one ends the program at once; the private PostgreSQL notices and stops itself.
fn stop_signal() -> Result<watch::Receiver<bool>> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        for once_more in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if once_more {
                tracing::warn!("interrupted twice: ending at once");
                std::process::exit(INTERRUPTED);
            }
            let _ = sender.send(true);
        }
    });
    Ok(receiver)
}
