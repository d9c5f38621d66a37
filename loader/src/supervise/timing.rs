use std::time::Duration;

/// By which times a loader looks after its plugins. What a plugin or its operator may set stands in
/// [`Supervision`](jackfield_manifest::Supervision).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a plugin that has failed once waits to be started again, at the most; 100 ms by
    /// default. Each further failure doubles it.
    pub first_delay: Duration,
    /// What that grows to; 5 minutes by default.
    pub longest_delay: Duration,
    /// How long a plugin has to run and be well for its failures to be forgotten; 10 minutes by
    /// default.
    pub forgotten_after: Duration,
    /// After so many starts within [`within`](Timing::within) it is not started again; 5 by default.
    pub most_starts: usize,
    /// 60 s by default.
    pub within: Duration,
    /// How often the file of a plugin that has failed is looked at, since another content lets it
    /// begin anew; every 5 s by default.
    pub look_at_files: Duration,
    /// After so many questions without a good answer a plugin is unhealthy; 3 by default.
    pub misses: u32,
    /// How often it is looked who is inside what; every second by default.
    pub watch: Duration,
    /// From when on that is logged; 10 s by default. It is logged again each time that it has lasted
    /// twice as long.
    pub inside_for: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_millis(100),
            longest_delay: Duration::from_secs(300),
            forgotten_after: Duration::from_secs(600),
            most_starts: 5,
            within: Duration::from_secs(60),
            look_at_files: Duration::from_secs(5),
            misses: 3,
            watch: Duration::from_secs(1),
            inside_for: Duration::from_secs(10),
        }
    }
}
