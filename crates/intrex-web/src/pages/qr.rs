//! A QR code as the path of an inline SVG: no style attribute, no picture to fetch, nothing that leaves the machine.

use std::fmt::Write as _;

use intrex_core::Error;
use qrcode::{Color, EcLevel, QrCode};

/// The drawing: a square of `size` modules, dark ones along `path`.
#[derive(Debug)]
pub(crate) struct Drawing {
    pub(crate) size: usize,
    pub(crate) path: String,
}

/// Modules of quiet zone around the code, as the standard asks for.
const QUIET: usize = 4;

/// Draws a text.
pub(crate) fn draw(text: &str) -> Result<Drawing, Error> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Error::internal)?;
    let width = code.width();
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|c| **c == Color::Dark).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Ok(Drawing {
        size: width + 2 * QUIET,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let text = "otpauth://totp/Intrex:alice@acme.example?secret=JBSWY3DPEHPK3PXP&issuer=Intrex";
        let drawing = draw(text).expect("fits");
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("fits");
        let dark = code
            .to_colors()
            .iter()
            .filter(|c| **c == Color::Dark)
            .count();
        let drawn: usize = drawing
            .path
            .split("h-")
            .skip(1)
            .map(|rest| {
                rest.trim_end_matches(|c: char| c != 'z')
                    .split('z')
                    .next()
                    .and_then(|n| n.parse::<usize>().ok())
                    .expect("a run")
            })
            .sum();
        assert_eq!(drawn, dark);
        assert_eq!(drawing.size, code.width() + 8);
        assert!(!drawing.path.contains("style"));
    }
}
