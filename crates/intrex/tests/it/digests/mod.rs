//! Digests over a real mail server: who gets one, when by their own clock, what is in it, what it stands in the place of, and
//! that none is sent twice.

mod choosing;
mod falling;
mod instead;
mod listing;
mod sending;
mod world;
