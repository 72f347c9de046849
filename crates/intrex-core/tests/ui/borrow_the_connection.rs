//! Whoever holds a transaction outside the core cannot run statements of its own in it.
// error[E0624]: method `conn` is private
// error[E0616]: field `tx` of struct `ReadTx` is private
// error[E0624]: method `conn` is private
// error[E0624]: method `parts` is private
// error[E0616]: field `tx` of struct `WriteTx` is private

use intrex_core::db::{ReadTx, WriteTx};

pub fn of_reading(tx: &mut ReadTx) {
    let _ = tx.conn();
    let _ = &tx.tx;
}

pub fn of_writing(tx: &mut WriteTx) {
    let _ = tx.conn();
    let _ = tx.parts();
    let _ = &tx.tx;
}
