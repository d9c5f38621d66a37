//! Moves files to and from the machine: from and to the home directory, the temporary directory, and the
//! `roots` that are configured.
//!
//! All routes are of a session (`POST /register_session` gives the `sid`).
//!
//! | route | body or query | what |
//! |---|---|---|
//! | `POST /put/{sid}` | `{"filename", "content", "overwrite"}` | writes a file; the content is base64 |
//! | `POST /get/{sid}` | `{"filename"}` | reads a file of `get_limit_bytes` at most, as base64 |
//! | `POST /list/{sid}` | `{"path"}` | what a directory holds |
//! | `GET /download/{sid}` | `?path=` | a file of any size; with `Range`, a part of it |
//! | `PUT /upload/{sid}` | `?path=&offset=&size=&overwrite=` | a file of any size, in one body or several |
//! | `GET /upload/{sid}` | `?path=&size=` | how many bytes of an upload are there |
//!
//! A path is absolute, or begins with `~/`. What counts is where it leads once all links are followed.
//! 403 is the answer for what lies outside, 404 for what is not there, 409 for a file that is there already.
//!
//! A file is written under another name and then renamed: nobody sees half of one, and what has been
//! answered is on the disk. Directories are not made. An upload's bytes lie in `.<name>.<size>.part` beside
//! the target until the last of `size` has come; an upload that broke off goes on at the offset that
//! `GET /upload` tells, and begins anew with `offset=0`. Of a body that broke off, what `GET /upload` tells
//! is written, and not yet on the disk. What is never finished stays there.
//!
//! **Links.** A path is opened first and judged by what was opened, so a link that is planted between
//! the look and the use leads nowhere (`roots.rs`). A second *name* of a file outside (a hard link) is a file
//! inside: who can make one could read the file anyway. Whoever may use the plugin moves files with the
//! rights of the host's user: the roots are all there is between the two.
#![forbid(unsafe_code)]

mod error;
mod range;
mod read;
mod roots;
#[cfg(test)]
mod scene;
mod system;
mod transfer;
mod upload;
mod visit;
mod write;

use error::Fault;
use plugin_api::prelude::*;
use roots::Roots;
use std::{
    env,
    path::{Path, PathBuf},
};
use visit::Visit;

/// What stands under `[plugins.staging.config]`; `plugin.toml` has the defaults and the bounds.
#[derive(Deserialize)]
struct Config {
    roots: Vec<PathBuf>,
    home_dir: PathBuf,
    temp_dir: PathBuf,
    get_limit_bytes: u64,
    max_upload_bytes: u64,
    list_limit: usize,
}

struct Staging {
    roots: Roots,
    get_limit: u64,
    upload_limit: u64,
    list_limit: usize,
}

impl Plugin for Staging {
    type Config = Config;

    fn initialize(_context: Context, config: Config) -> Result<Self> {
        let or = |said: PathBuf, own: PathBuf| if is_empty(&said) { own } else { said };
        let home = or(config.home_dir, env::home_dir().unwrap_or_default());
        let temp = or(config.temp_dir, env::temp_dir());
        Ok(Self {
            roots: Roots::new(home, &temp, &config.roots).map_err(Fault::told)?,
            get_limit: config.get_limit_bytes,
            upload_limit: config.max_upload_bytes,
            list_limit: config.list_limit,
        })
    }

    fn routes(routes: &mut Routes<Self>) {
        routes
            .session_post("/put/{sid}", blocking(Visit::put))
            .summary("Writes a file")
            .error(403, "it would lie outside")
            .error(404, "its directory is not there")
            .error(409, "it is there already")
            .error(507, "there is no room");
        routes
            .session_post("/get/{sid}", blocking(Visit::get))
            .summary("Reads a file")
            .error(403, "it lies outside")
            .error(404, "it is not there")
            .error(413, "it is too large: download it");
        routes
            .session_post("/list/{sid}", blocking(Visit::list))
            .summary("Tells what a directory holds")
            .error(403, "it lies outside")
            .error(404, "it is not there")
            .error(413, "it holds too much");
        routes
            .session_get("/download/{sid}", blocking(Visit::download))
            .summary("Gives a file, or a range of it")
            .status(206, "the range that was asked for")
            .error(403, "it lies outside")
            .error(404, "it is not there")
            .error(416, "there is no such range");
        routes
            .session_put("/upload/{sid}", Visit::upload)
            .summary("Takes a file, or the next part of one")
            .error(403, "it would lie outside")
            .error(404, "its directory is not there")
            .error(409, "it is there already, or the part is not the next")
            .error(413, "it is larger than an upload may be")
            .error(507, "there is no room");
        routes
            .session_get("/upload/{sid}", blocking(Visit::progress))
            .summary("Tells how far an upload is")
            .error(403, "it would lie outside")
            .error(404, "its directory is not there");
    }
}

fn is_empty(path: &Path) -> bool {
    path.as_os_str().is_empty()
}

plugin_api::export_plugin!(Staging);

#[cfg(test)]
mod tests;
