//! The page that every mail of the product is in.

use html_escape::encode_safe;

use crate::catalogue::Language;

/// One plain page: no image, no font, nothing that is fetched from anywhere.
pub(crate) fn html_page(language: Language, title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n\
         body {{ font-family: sans-serif; line-height: 1.5; max-width: 36rem; margin: 2rem auto; padding: 0 1rem; }}\n\
         h1 {{ font-size: 1.25rem; }}\n.why {{ font-size: .8rem; opacity: .75; margin-top: 2rem; }}\n\
         </style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        language.tag(),
        encode_safe(title),
    )
}
