//! What a branch owes to somebody by a date. The pure rules come first, because everything else asks them: which dates are
//! accepted, when an obligation recurs, what its status is today, and when somebody is reminded of it.

pub mod due_date;
pub mod recurrence;
pub mod schedule;
