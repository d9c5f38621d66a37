use jackfield_loader::{Loader, Options, Settings, State, Status};
use jackfield_manifest::PluginId;
use jackfield_tests::Site;
use serde_json::json;
use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// For what comes, on a busy machine as well.
pub(super) const LONG: Duration = Duration::from_secs(60);

pub(super) fn soon() -> Instant {
    Instant::now() + LONG
}

/// A host with `misbehave` in some mode; `echo`, which has nothing to do with it; and `pace-0002`,
/// which requires it.
pub(super) struct Scene {
    pub(super) site: Site,
    pub(super) options: Options,
}

impl Scene {
    pub(super) fn new(mode: &str) -> Self {
        let site = Site::new();
        site.add("echo");
        site.add("misbehave");
        let required = (
            r#""need-0000", range = "^1", optional = true"#,
            r#""misbehave", range = "^1"                 "#,
        );
        let own = ("pace-0000", "pace-0002");
        site.add_patched("pace", "libpace-0002.so", &[own, required]);
        let mut options = Options::new(site.plugins(), site.state());
        let diary = site.root().join("diary");
        for id in ["misbehave", "pace-0002"] {
            let settings = options.settings.entry(id.to_owned()).or_default();
            settings.config.insert("diary".to_owned(), json!(diary));
        }
        let mut scene = Self { site, options };
        scene.settings(|settings| {
            settings.config.insert("mode".to_owned(), json!(mode));
        });
        let release = scene.site.root().join("release");
        scene.settings(|settings| {
            settings.config.insert("release".to_owned(), json!(release));
        });
        scene
    }

    /// What the operator says of `misbehave`.
    pub(super) fn settings(&mut self, say: impl FnOnce(&mut Settings)) {
        self.settings_of("misbehave", say);
    }

    /// What the operator says of a plugin.
    pub(super) fn settings_of(&mut self, id: &str, say: impl FnOnce(&mut Settings)) {
        say(self.options.settings.entry(id.to_owned()).or_default());
    }

    pub(super) fn open(&self) -> Loader {
        Loader::open(self.options.clone()).unwrap()
    }

    pub(super) fn start(&self) -> Loader {
        let loader = self.open();
        loader.start();
        loader
    }

    /// Ends the hangs.
    pub(super) fn release(&self) {
        fs::write(self.site.root().join("release"), "").unwrap();
    }

    /// What of a plugin's code was called so far.
    pub(super) fn diary(&self, id: &str) -> Vec<String> {
        let diary = fs::read_to_string(self.site.root().join("diary")).unwrap_or_default();
        let lines = diary.lines().filter_map(|line| line.split_once(' '));
        let own = lines.filter(|(who, _)| *who == id);
        own.map(|(_, step)| step.to_owned()).collect()
    }
}

pub(super) fn ids(ids: &[&str]) -> Vec<PluginId> {
    ids.iter().map(|id| PluginId::new(id).unwrap()).collect()
}

pub(super) fn state(loader: &Loader, id: &str) -> State {
    status(loader, id).state
}

pub(super) fn status(loader: &Loader, id: &str) -> Status {
    loader.status(id).unwrap()
}

/// Waits for what has no event of its own.
pub(super) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = soon();
    while !condition() {
        assert!(Instant::now() < until, "{what}");
        thread::yield_now();
    }
}
