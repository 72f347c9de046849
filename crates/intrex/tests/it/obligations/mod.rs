//! Obligations by their commands: what happens to one, to its series and to its reminders, and who may do it.

mod life;
mod reach;
