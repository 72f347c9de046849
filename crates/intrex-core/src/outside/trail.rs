//! How far a conversation with another machine came, and how long each step took: what whoever sets it up is shown.

use std::time::{Duration, Instant};

/// The steps so far. The last one is where it is, or where it ended.
#[derive(Debug)]
pub struct Trail<S> {
    steps: Vec<(S, Duration)>,
    at: S,
    since: Instant,
}

impl<S: Copy + PartialEq> Trail<S> {
    /// Begins with a step.
    pub fn begin(at: S) -> Self {
        Trail {
            steps: Vec::new(),
            at,
            since: Instant::now(),
        }
    }

    /// The present step is done; this one begins. The same one goes on.
    pub fn reach(&mut self, next: S) {
        if self.at != next {
            self.steps.push((self.at, self.since.elapsed()));
            self.at = next;
            self.since = Instant::now();
        }
    }

    /// Where it is.
    pub fn at(&self) -> S {
        self.at
    }

    /// Every step with its time, the last one too.
    pub fn end(mut self) -> Vec<(S, Duration)> {
        self.steps.push((self.at, self.since.elapsed()));
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_is_where_it_ended() {
        let mut trail = Trail::begin('a');
        trail.reach('a');
        trail.reach('b');
        trail.reach('c');
        assert_eq!(trail.at(), 'c');
        let steps: String = trail.end().into_iter().map(|(step, _)| step).collect();
        assert_eq!(steps, "abc");
    }
}
