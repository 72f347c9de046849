//! `intrex serve`, `worker` and `demo`: the installation itself.

use anyhow::Result;
use clap::Args;

use super::{Ended, configuration};
use crate::{
    config::Purpose,
    logging::{self, Verbosity},
    serve::{self, Part},
};

/// Serve pages, API and background work.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Pages and API alone; `intrex worker` runs somewhere else
    #[arg(long)]
    no_worker: bool,
}

impl Serve {
    pub(super) fn run(self) -> Result<Ended> {
        let part = match self.no_worker {
            true => Part::Pages,
            false => Part::All,
        };
        run(Purpose::Serve, part)
    }
}

/// Background work alone.
pub(super) fn worker() -> Result<Ended> {
    run(Purpose::Serve, Part::Work)
}

/// The demonstration.
pub(super) fn demo() -> Result<Ended> {
    run(Purpose::Demo, Part::Demo)
}

fn run(purpose: Purpose, part: Part) -> Result<Ended> {
    let config = configuration(purpose)?;
    logging::begin(&config.log, Verbosity::Server);
    serve::run(config, part)?;
    Ok(Ended::Well)
}
