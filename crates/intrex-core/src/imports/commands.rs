//! Importing a file: taken in whole, then compared and applied in one transaction. Good rows are applied and the others
//! named; a file that cannot be read as a whole changes nothing.

use tokio::{io::AsyncRead, sync::Semaphore};

use super::{
    model::{Kind, Mode, Options, Progress, Report},
    run::Run,
    spool::Spool,
};
use crate::{
    App,
    actor::Actor,
    error::{Error, Result},
    permission::Permission,
    reminders::simulator,
};

/// Rows that are compared and written together.
const BATCH: usize = 1_000;
/// Imports that are applied at once in this process: each holds a connection to its end.
const APPLIED_AT_ONCE: usize = 2;

static TURNS: Semaphore = Semaphore::const_new(APPLIED_AT_ONCE);

/// Imports a file of obligations or branches. `progress` hears how far it has come; it is called often and must be quick.
pub async fn import(
    app: &App,
    actor: &Actor,
    kind: Kind,
    file: impl AsyncRead + Unpin + Send,
    options: &Options,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Report> {
    actor.may(Permission::ImportsWrite)?;
    if options.mode == Mode::LookAhead {
        actor.may(Permission::RoutesManage)?;
    }
    let reading = |rows| progress(Progress::Reading { rows });
    let spool = Spool::take(app, file, kind.columns(), reading).await?;
    let (of, sha256) = (spool.rows, spool.sha256);
    let _look = match options.mode {
        Mode::LookAhead => Some(simulator::turn().await?),
        Mode::Apply | Mode::DryRun => None,
    };
    let _turn = TURNS.acquire().await.map_err(Error::internal)?;
    let mut run = Run::begin(app, actor, kind, options, spool.heading.clone()).await?;
    let mut rows = spool.rows().await?;
    loop {
        let batch = rows.next(BATCH).await?;
        if batch.is_empty() {
            break;
        }
        run.apply(batch).await?;
        let rows = run.tally.so_far().rows;
        progress(Progress::Applying { rows, of });
    }
    run.finish(actor, options, sha256).await
}
