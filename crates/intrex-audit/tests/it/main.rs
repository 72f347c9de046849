//! The format seen from outside: golden vectors that must stay the same for ever, a second implementation that must
//! agree, and everything a person with full access to the database might do to a chain.

mod python;
mod story;
mod tampering;
mod vectors;
mod writing;
