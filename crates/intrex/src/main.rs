//! The program `intrex`. Everything it does lives in the library of the same name, so that the tests of the whole can
//! reach it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    intrex::cli::main()
}
