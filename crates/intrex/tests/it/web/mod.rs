//! The frame around every page and every answer of the API: headers, forgery, who gets where.

pub(crate) mod api;
mod csp_report;
mod csrf;
mod cut_off;
mod demo;
mod headers;
mod sign_in;
