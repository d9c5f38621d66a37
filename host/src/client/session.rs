use super::HttpError;
use serde_json::Value;
use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};
use ureq::{
    Agent, Body,
    http::{HeaderValue, Method, Request, Response, StatusCode, header::AUTHORIZATION},
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

/// How long a connection may take to come about.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes of what a host says of an error.
const LONGEST: u64 = 1 << 20;

/// One host, asked over HTTP.
pub(crate) struct Session {
    agent: Agent,
    url: String,
    token: Option<HeaderValue>,
}

/// What is asked.
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// With its query; it begins with `/`.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

/// A good answer, its body unread.
type Answer = Response<Body>;

impl Session {
    pub(super) fn new(
        url: String,
        token: Option<String>,
        trusted: Option<&PathBuf>,
    ) -> Result<Self, HttpError> {
        let bad = || HttpError::usage("the token", "expected visible ASCII in one line");
        let token = token.map(|token| {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| bad())?;
            value.set_sensitive(true);
            Ok(value)
        });
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            // A token is for the host that was named: for no other, and for nothing in between.
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(PATIENCE));
        let config = match url.starts_with("https:") {
            true => config.tls_config(tls(trusted)?),
            false => config,
        };
        Ok(Self {
            agent: config.build().into(),
            url,
            token: token.transpose()?,
        })
    }

    /// Asks, and gives the answer, where it is a good one.
    ///
    /// # Errors
    ///
    /// [`HttpError::Refused`] with what the host says where its status is none of 2xx.
    pub(crate) fn ask(&self, asked: Asked) -> Result<Answer, HttpError> {
        let url = format!("{}{}", self.url, asked.path);
        let mut request = Request::builder().method(asked.method).uri(&url);
        for (name, value) in &asked.headers {
            request = request.header(name, value);
        }
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        let bad = |error: ureq::http::Error| HttpError::usage(url.clone(), error.to_string());
        let answer = match asked.body {
            Some(body) => self.agent.run(request.body(body).map_err(bad)?),
            None => self.agent.run(request.body(()).map_err(bad)?),
        };
        let answer = answer.map_err(|error| HttpError::Asking {
            url,
            source: Box::new(error),
        })?;
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status => Err(refused(status, answer)),
        }
    }

    /// What a host says at that path.
    ///
    /// # Errors
    ///
    /// As those of [`Session::ask`]; or it is no JSON.
    pub(crate) fn get(&self, path: &str) -> Result<Value, HttpError> {
        let mut answer = self.ask(Asked {
            method: Method::GET,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        })?;
        let reader = answer.body_mut().as_reader();
        serde_json::from_reader(io::BufReader::new(reader)).map_err(|_| self.strange(path))
    }

    pub(crate) fn strange(&self, path: &str) -> HttpError {
        let url = format!("{}{path}", self.url);
        HttpError::Strange { url }
    }
}

fn refused(status: StatusCode, mut answer: Answer) -> HttpError {
    let body = answer.body_mut().with_config().limit(LONGEST);
    let body = body.read_to_vec().unwrap_or_default();
    let told = serde_json::from_slice::<Value>(&body).ok();
    let detail = told.as_ref().and_then(|told| told["detail"].as_str());
    let detail = match detail {
        Some(detail) => detail.to_owned(),
        None => String::from_utf8_lossy(&body).into_owned(),
    };
    HttpError::Refused { status, detail }
}

fn tls(trusted: Option<&PathBuf>) -> Result<TlsConfig, HttpError> {
    let Some(path) = trusted else {
        let why = "name the certificates to trust with --ca FILE";
        return Err(HttpError::usage("https", why));
    };
    let pem = fs::read(path).map_err(|source| HttpError::File {
        path: path.clone(),
        source,
    })?;
    let items = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = items.collect();
    if certificates.is_empty() {
        let why = "expected certificates in PEM, found none";
        return Err(HttpError::usage(path.display().to_string(), why));
    }
    Ok(TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::new_with_certs(&certificates))
        .build())
}
