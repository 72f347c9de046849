//! The product over real HTTP, and a browser that keeps cookies and says where a form was sent from. It follows no
//! redirect by itself: a test says what it expects. Cookies are kept here by hand, because clients drop `Secure` ones that
//! came over plain HTTP, which real browsers keep on loopback.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, LazyLock, Mutex},
};

use axum::Router;
use intrex_core::{App, app::Settings};
use intrex_web::{Options, WebState};
use reqwest::{
    Client, Method, RequestBuilder,
    header::{HeaderMap, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use secrecy::ExposeSecret as _;
use tokio::task::JoinHandle;

use super::{Member, TestApp};

/// One client for all tests: it keeps no cookie and follows no redirect.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "the tests talk to the program under test"
    )]
    let builder = Client::builder();
    builder.redirect(Policy::none()).build().expect("a client")
});

/// The product, listening. It stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Site {
    /// Scheme, host and port.
    pub(crate) origin: String,
    task: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Somebody's browser.
#[derive(Debug)]
pub(crate) struct Browser {
    origin: String,
    cookies: Mutex<BTreeMap<String, String>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl TestApp {
    /// Serves this application.
    pub(crate) async fn serve(&self) -> Site {
        self.serve_with(Options::default(), intrex_web::router)
            .await
    }

    /// The same with other options, or with another router.
    pub(crate) async fn serve_with(
        &self,
        options: Options,
        router: impl FnOnce(WebState) -> Router,
    ) -> Site {
        self.serve_as(None, options, router).await
    }

    /// The same under another name than the one that it listens at.
    pub(crate) async fn serve_as(
        &self,
        base_url: Option<&str>,
        options: Options,
        router: impl FnOnce(WebState) -> Router,
    ) -> Site {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let settings = Settings {
            base_url: base_url.unwrap_or(&origin).parse().expect("an address"),
            ..(*self.app.settings).clone()
        };
        let app = App {
            settings: Arc::new(settings),
            ..self.app.clone()
        };
        Site::listening(listener, origin, app, options, router)
    }

    /// The same under the name `localhost`: there are no passkeys for an IP address.
    pub(crate) async fn serve_with_passkeys(&self) -> Site {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let origin = format!("http://localhost:{port}");
        let settings = Settings {
            base_url: origin.parse().expect("an address"),
            ..(*self.app.settings).clone()
        };
        let app = App {
            settings: Arc::new(settings),
            ..self.app.clone()
        };
        Site::listening(
            listener,
            origin,
            app,
            Options::default(),
            intrex_web::router,
        )
    }

    /// A browser that has signed in as somebody, with both factors.
    pub(crate) async fn signed_in(&self, site: &Site, member: &Member) -> Browser {
        let browser = site.browser();
        let cookie = self.sign_in(member).await;
        browser.set_cookie("__Host-session", cookie.value.expose_secret());
        browser
    }
}

impl Site {
    fn listening(
        listener: tokio::net::TcpListener,
        origin: String,
        app: App,
        options: Options,
        router: impl FnOnce(WebState) -> Router,
    ) -> Self {
        let service =
            router(WebState::new(app, options)).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            axum::serve(listener, service).await.expect("it serves");
        });
        Site { origin, task }
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(&self.origin)
    }

    /// A bare request, without anything that browsers add.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        CLIENT.request(method, format!("{}{path}", self.origin))
    }
}

/// Sends a request and reads the answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.expect("a text"),
    }
}

/// A bare request to a program of its own.
pub(crate) fn request(method: Method, address: &str) -> RequestBuilder {
    CLIENT.request(method, address)
}

impl Browser {
    /// A browser without cookies, for a program of its own.
    pub(crate) fn at(origin: &str) -> Self {
        Browser {
            origin: origin.to_owned(),
            cookies: Mutex::default(),
        }
    }

    /// Opens a page.
    pub(crate) async fn visit(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a form as a page of the site does, with exactly these fields.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.own_page_sends(Method::POST, path).form(fields))
            .await
    }

    /// Opens a page, fills its form in, and sends it.
    pub(crate) async fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.visit(page).await.csrf();
        let mut all = vec![("csrf_token", token.as_str())];
        all.extend_from_slice(fields);
        self.post(action, &all).await
    }

    /// A request of this browser, without what tells where it was sent from.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = CLIENT.request(method, format!("{}{path}", self.origin));
        let cookies = self.cookies.lock().expect("no panic");
        if !cookies.is_empty() {
            let line: Vec<String> = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", line.join("; "));
        }
        request
    }

    /// A request that a page of the site sends.
    pub(crate) fn own_page_sends(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path)
            .header("origin", &self.origin)
            .header("sec-fetch-site", "same-origin")
    }

    /// Sends, and keeps what cookies are set.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let answer = send(request).await;
        for line in answer.headers.get_all(SET_COOKIE) {
            let line = line.to_str().expect("ASCII");
            let (pair, attributes) = line.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            if attributes.contains("Max-Age=0") {
                self.cookies.lock().expect("no panic").remove(name);
            } else {
                self.set_cookie(name, value);
            }
        }
        answer
    }

    /// Keeps a cookie.
    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().expect("no panic");
        cookies.insert(name.to_owned(), value.to_owned());
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("no panic").get(name).cloned()
    }
}

impl Answer {
    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// Where it leads.
    #[track_caller]
    pub(crate) fn leads_to(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.body);
        self.headers[LOCATION].to_str().expect("ASCII")
    }

    /// The token in the page's first form.
    #[track_caller]
    pub(crate) fn csrf(&self) -> String {
        let field = r#"name="csrf_token" value=""#;
        let (_, rest) = self.body.split_once(field).expect("a form with a token");
        rest.split('"').next().expect("a value").to_owned()
    }

    /// The JSON of the answer.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }
}

/// What a program with an API token is answered, which must be well.
pub(crate) async fn get_json(address: &str, token: &str) -> serde_json::Value {
    let answer = CLIENT.get(address).bearer_auth(token).send().await;
    let answer = answer.expect("the server answers");
    let status = answer.status();
    let body = answer.text().await.expect("the answer is read");
    assert!(status.is_success(), "{address}: {status} {body}");
    serde_json::from_str(&body).expect("the answer is JSON")
}
