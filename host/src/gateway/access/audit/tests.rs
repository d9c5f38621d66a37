//! Is every action written, a flood of refusals kept small, and a full disk survived?

use super::*;
use std::{fs, net::Ipv4Addr};

const CLIENT: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));

fn written(state: &Path) -> Vec<Entry> {
    past(state, 100_000, |_| true).unwrap().entries.into()
}

#[test]
fn what_was_done_is_there_once_the_host_has_ended() {
    let state = tempfile::tempdir().unwrap();
    let audit = Audit::open(state.path(), config::Audit::default()).unwrap();
    let actions: Vec<Entry> = (0..500)
        .map(|number| Entry::new("local", "stop").on(Some(&format!("p{number}"))))
        .collect();
    actions
        .iter()
        .cloned()
        .for_each(|entry| audit.action(entry));
    drop(audit);
    assert_eq!(written(state.path()), actions);
    // The next host adds to it, and so does a command.
    let audit = Audit::open(state.path(), config::Audit::default()).unwrap();
    add(state.path(), &Entry::new("command line", "token new")).unwrap();
    audit.action(Entry::new("local", "start"));
    drop(audit);
    let actions: Vec<String> = written(state.path())
        .into_iter()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(actions[500..], ["token new", "start"]);
}

#[test]
fn a_flood_of_refusals_is_two_lines() {
    let state = tempfile::tempdir().unwrap();
    let audit = Audit::open(state.path(), config::Audit::default()).unwrap();
    let refused = || {
        Entry::new("nobody", "GET /a")
            .with(Outcome::Refused, None)
            .answered(401)
    };
    let floods: u64 = thread::scope(|scope| {
        let flood = || (0..25_000).for_each(|_| audit.refusal(401, CLIENT, "nobody", refused));
        let threads = [(); 4].map(|()| scope.spawn(flood));
        threads
            .into_iter()
            .map(|thread| thread.join().map_or(0, |()| 25_000))
            .sum()
    });
    audit.action(Entry::new("local", "stop"));
    drop(audit);
    let written = written(state.path());
    // More where the machine was held up for ten seconds.
    let refused = written
        .iter()
        .filter(|entry| entry.result == Outcome::Refused);
    let told: u64 = refused
        .clone()
        .map(|entry| entry.repeated.unwrap_or(1))
        .sum();
    assert_eq!(told, floods);
    assert!(refused.count() < 20);
    assert!(written.iter().any(|entry| entry.action == "stop"));
}

#[test]
fn who_writes_does_not_wait_for_a_disk_that_hangs() {
    let shared = Arc::<Shared>::default();
    // Nobody takes anything out of it.
    let (queue, entries) = sync_channel(2);
    let (end, ended) = sync_channel(1);
    let audit = Audit {
        shared: Arc::clone(&shared),
        queue,
        ended: Mutex::new(ended),
    };
    (0..5).for_each(|_| audit.action(Entry::new("local", "stop")));
    assert_eq!(shared.lost.load(Ordering::Relaxed), 3);
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join(NAME);
    let trail = Trail::open(&path, config::Audit::default()).unwrap();
    drop(end);
    drop(audit);
    Writer::new(trail, &path, &shared).run(&entries);
    let told: Vec<_> = written(state.path())
        .iter()
        .map(|entry| (entry.result, entry.repeated))
        .collect();
    let (done, lost) = ((Outcome::Done, None), (Outcome::Lost, Some(3)));
    assert_eq!(told.len(), 3);
    assert!(told.contains(&lost) && told.iter().filter(|told| **told == done).count() == 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_lines_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let path = state.path().join(NAME);
    let shared = Shared::default();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let trail = Trail::of(full, std::path::Path::new("/dev/full"));
    let mut writer = Writer::new(trail, &path, &shared);
    writer.write(&Entry::new("local", "stop"));
    writer.confess();
    assert!(writer.fails);
    assert_eq!(shared.lost.load(Ordering::Relaxed), 1);
    // There is room again.
    writer.trail = Trail::open(&path, config::Audit::default()).unwrap();
    writer.confess();
    assert!(!writer.fails);
    assert_eq!(written(state.path())[0].repeated, Some(1));
}
