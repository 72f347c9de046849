//! What one test writes to the log, to be searched for what must not be there.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::subscriber::DefaultGuard;

#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of this thread, on which a test and what it spawns run.
pub(crate) struct Log {
    lines: Lines,
    logging: DefaultGuard,
    _second: tracing::Dispatch,
}

impl Log {
    /// Keeps everything that is logged from now on.
    pub(crate) fn begin() -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        Log {
            lines,
            logging: tracing::subscriber::set_default(subscriber),
            // With one subscriber alone, whether a line is of interest is asked of the thread that comes to it first, which
            // may be another test's, and remembered for all of them; with two it is asked of both.
            _second: tracing::Dispatch::new(tracing::subscriber::NoSubscriber::default()),
        }
    }

    /// Everything that was logged until now.
    pub(crate) fn end(self) -> String {
        drop(self.logging);
        let lines = self.lines.0.lock().expect("no panic").clone();
        String::from_utf8(lines).expect("UTF-8")
    }
}
