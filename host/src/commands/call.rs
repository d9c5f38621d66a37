use crate::{
    client::{Asked, HttpError, Reach},
    commands::Outcome,
    config::Config,
    error::CommandError,
};
use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::PathBuf,
};
use ureq::http::Method;

const EXAMPLES: &str = "\
Examples:
  jackfield call sysinfo GET version
  jackfield call shop POST items --json '{\"name\": \"lamp\"}'
  jackfield call shop GET items --query tag=old --query limit=10
  jackfield call files PUT notes.txt --data @notes.txt --header 'content-type: text/plain'

Writes the body of the answer as it comes. Exits with 1 where the status is none of 2xx; standard error
has it then, with what was answered. Asks the host of the state directory, or the one of --url";

/// Ask a plugin of the running host for something
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Call {
    /// The plugin's id
    plugin: String,
    /// The method, such as GET
    #[arg(value_parser = method)]
    method: Method,
    /// The route, below the plugin's namespace, percent-encoded
    #[arg(default_value = "/")]
    route: String,
    /// The body, as JSON
    #[arg(long, value_name = "TEXT", value_parser = json, conflicts_with = "data")]
    json: Option<String>,
    /// The body: text, or what a file holds
    #[arg(long, value_name = "TEXT|@FILE")]
    data: Option<String>,
    /// What stands in the query; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    query: Vec<(String, String)>,
    /// A header; may be given several times
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    #[command(flatten)]
    reach: Reach,
}

fn method(text: &str) -> Result<Method, String> {
    let method = text.to_ascii_uppercase().parse();
    method.map_err(|_| "expected a method such as GET".to_owned())
}

fn json(text: &str) -> Result<String, String> {
    let read = serde_json::from_str::<serde::de::IgnoredAny>(text);
    read.map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let (key, value) = pair.ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn header(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once(':');
    let (name, value) = pair.ok_or("expected NAME: VALUE")?;
    if name.eq_ignore_ascii_case("authorization") {
        return Err("a token is given by --token-file or JACKFIELD_TOKEN".to_owned());
    }
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Call {
    pub(crate) fn run(self, config: &Config) -> Result<Outcome, CommandError> {
        let session = self.reach.session(config)?;
        let asked = self.asked()?;
        let mut answer = session.ask(asked)?;
        let mut out = Lined {
            out: io::stdout().lock(),
            is_open: false,
        };
        io::copy(&mut answer.body_mut().as_reader(), &mut out)?;
        // Elsewhere an answer is what it is, to the byte.
        if out.is_open && io::stdout().is_terminal() {
            out.write_all(b"\n")?;
        }
        out.flush()?;
        Ok(Outcome::Good)
    }

    fn asked(self) -> Result<Asked, HttpError> {
        let route = self.route.trim_start_matches('/');
        let mut path = format!("/{}/{route}", self.plugin);
        if !self.query.is_empty() {
            let mut query = form_urlencoded::Serializer::new(String::new());
            let sign = if path.contains('?') { '&' } else { '?' };
            path.push(sign);
            path += &query.extend_pairs(&self.query).finish();
        }
        let (body, media_type) = match (self.json, self.data) {
            (Some(json), _) => (Some(json.into_bytes()), "application/json"),
            (None, Some(data)) => (Some(read(data)?), "application/octet-stream"),
            (None, None) => (None, ""),
        };
        let mut headers = self.header;
        let is_said = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
        if body.is_some() && !headers.iter().any(is_said) {
            headers.push(("content-type".to_owned(), media_type.to_owned()));
        }
        Ok(Asked {
            method: self.method,
            path,
            headers,
            body,
        })
    }
}

/// Knows whether what was written last ends no line.
struct Lined<W> {
    out: W,
    is_open: bool,
}

impl<W: Write> Write for Lined<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        if let Some(last) = bytes[..written].last() {
            self.is_open = *last != b'\n';
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn read(data: String) -> Result<Vec<u8>, HttpError> {
    let Some(path) = data.strip_prefix('@').map(PathBuf::from) else {
        return Ok(data.into_bytes());
    };
    fs::read(&path).map_err(|source| HttpError::File { path, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_whether_a_line_is_open() {
        for (parts, is_open) in [(vec!["a"], true), (vec!["a\n", ""], false), (vec![], false)] {
            let (mut lined, parts): (_, Vec<&str>) = (
                Lined {
                    out: Vec::new(),
                    is_open: false,
                },
                parts,
            );
            for part in &parts {
                lined.write_all(part.as_bytes()).unwrap();
            }
            assert_eq!((lined.is_open, lined.out), (is_open, parts.concat().into()));
        }
    }

    #[test]
    fn arguments_are_read_or_refused() {
        assert_eq!(method("get"), Ok(Method::GET));
        assert!(method("G T").is_err());
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("a").is_err());
        assert_eq!(
            header("X-A: b: c"),
            Ok(("X-A".to_owned(), "b: c".to_owned()))
        );
        assert!(header("Authorization: Bearer x").is_err());
        assert!(json("{").is_err());
    }
}
