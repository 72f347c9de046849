//! Obligations: what happens to one, to its series and to its reminders, and who may do it; by command, by page and by API.

mod api;
mod life;
mod pages;
mod reach;
