use super::{
    document::{Document, Plugin},
    plugin::Told,
};
use crate::gateway::{
    api::{self, Own},
    mounts::Mount,
    own::Common,
};
use bytes::Bytes;
use jackfield_loader::State;
use std::sync::{Arc, Weak};
use tokio::sync::Mutex;

/// The longest that it may say, in bytes.
const LONGEST: usize = 4 << 20;

/// The document, until a plugin comes or goes.
#[derive(Default)]
pub(in crate::gateway) struct Kept(Mutex<Option<Made>>);

struct Made {
    /// The plugins that ran when it was made, in order of id; what is one of these is never another.
    of: Vec<Weak<Mount>>,
    text: Bytes,
}

impl Kept {
    /// The document of the plugins that run now. It is made by one who asks while the others wait: a
    /// plugin that hangs is asked once for each change.
    pub(in crate::gateway) async fn document(&self, own: &Arc<Own>) -> Bytes {
        let mut kept = self.0.lock().await;
        let mounts = running(own);
        if let Some(made) = kept.as_ref().filter(|made| made.is_of(&mounts)) {
            return made.text.clone();
        }
        let text = make(own, &mounts).await;
        let of = mounts.iter().map(Arc::downgrade).collect();
        let made = kept.insert(Made { of, text });
        made.text.clone()
    }
}

impl Made {
    fn is_of(&self, mounts: &[Arc<Mount>]) -> bool {
        let mut both = self.of.iter().zip(mounts);
        self.of.len() == mounts.len()
            && both.all(|(known, mount)| Weak::as_ptr(known) == Arc::as_ptr(mount))
    }
}

fn running(own: &Own) -> Vec<Arc<Mount>> {
    let plugins = own.front.loader.plugins();
    let running = plugins
        .iter()
        .filter(|status| status.state == State::Running);
    let mounts = running.filter_map(|status| own.front.mounts.get(status.id.as_str()).ok());
    mounts.collect()
}

async fn make(own: &Arc<Own>, mounts: &[Arc<Mount>]) -> Bytes {
    let needs_tokens = own.front.gate.needs_tokens();
    let mut document = Document::new(needs_tokens, api::declared().told());
    let asked = mounts.iter().map(|mount| told(mount));
    for (mount, told) in mounts
        .iter()
        .zip(futures_util::future::join_all(asked).await)
    {
        let id = mount.handle.id().as_str();
        match told {
            Ok(told) => {
                let status = own.front.loader.status(id);
                document.add(Plugin {
                    id: id.to_owned(),
                    description: status.map(|status| status.manifest.description.clone()),
                    told,
                    common: Common::operations(),
                });
            }
            Err(why) => log::warn!("{id}: its routes are left out of /openapi.json: {why}"),
        }
    }
    document.into_json().to_string().into()
}

async fn told(mount: &Mount) -> Result<Told, String> {
    let text = mount.told("routes").await;
    let text = text.map_err(|error| error.to_string())?;
    if text.len() > LONGEST {
        let length = text.len();
        return Err(format!("expected at most {LONGEST} bytes, found {length}"));
    }
    Told::read(&text).map_err(|error| error.to_string())
}
