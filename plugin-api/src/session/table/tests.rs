//! Are sessions found, expired, ended and counted as they should be?

use super::*;
use crate::session::id::Issuer;

const TTL: u64 = 100;

struct Scene {
    issuer: Issuer,
    table: Table<u64>,
}

impl Scene {
    fn new(ttl_ns: Option<u64>) -> Self {
        Self {
            issuer: Issuer::default(),
            table: Table::new(ttl_ns),
        }
    }

    fn add(&mut self, now_ns: u64) -> SessionId {
        let sequence = self.table.reserve(10, now_ns).unwrap();
        let id = self.issuer.issue(sequence).unwrap();
        self.table.insert(id, sequence, Arc::new(sequence), now_ns);
        id
    }

    fn enter(&mut self, id: &SessionId, now_ns: u64) -> Result<u64, Absent> {
        let sequence = self.issuer.sequence(id);
        self.table
            .enter(id, sequence, now_ns)
            .map(|session| *session)
    }

    fn unregister(&mut self, id: &SessionId, now_ns: u64) -> Result<(), Absent> {
        let sequence = self.issuer.sequence(id);
        let closing = self.table.unregister(id, sequence, now_ns);
        closing.map(drop)
    }

    fn ended(&mut self) -> Vec<u64> {
        let ended = self.table.take_ended().into_iter();
        ended.map(|ended| *ended.session()).collect()
    }
}

#[test]
fn every_call_puts_its_end_off_and_one_under_way_keeps_it() {
    let mut scene = Scene::new(Some(TTL));
    let id = scene.add(0);
    assert_eq!(scene.enter(&id, 99), Ok(0));
    assert_eq!(scene.table.sweep(1000), Some(1100), "a call is under way");
    scene.table.leave(&id, 1000);
    assert_eq!(scene.enter(&id, 1099), Ok(0));
    scene.table.leave(&id, 1099);
    assert_eq!(scene.table.sweep(1198), Some(1199));
    assert_eq!(scene.enter(&id, 1199), Err(Absent::Expired));
    assert_eq!(scene.ended(), [0]);
    assert_eq!(scene.enter(&id, 1199), Err(Absent::Expired));
    assert_eq!(scene.unregister(&id, 1199), Err(Absent::Expired));
    assert_eq!(scene.ended(), Vec::<u64>::new());
}

#[test]
fn without_a_time_to_live_none_expires() {
    let mut scene = Scene::new(None);
    let id = scene.add(0);
    assert_eq!(scene.table.sweep(u64::MAX), None);
    assert_eq!(scene.enter(&id, u64::MAX), Ok(0));
}

#[test]
fn who_ended_it_is_known_for_ever() {
    let mut scene = Scene::new(Some(TTL));
    let (closed, expired) = (scene.add(0), scene.add(0));
    assert_eq!(scene.unregister(&closed, 1), Ok(()));
    assert_eq!(scene.table.sweep(500), None);
    for now_ns in [500, 1 << 40] {
        assert_eq!(scene.enter(&closed, now_ns), Err(Absent::Unknown));
        assert_eq!(scene.unregister(&closed, now_ns), Err(Absent::Unknown));
        assert_eq!(scene.enter(&expired, now_ns), Err(Absent::Expired));
    }
    let foreign = Issuer::default().issue(1).unwrap();
    assert_eq!(scene.enter(&foreign, 500), Err(Absent::Unknown));
    assert_eq!(scene.ended(), [0, 1]);
}

#[test]
fn one_that_is_ended_during_a_call_ends_with_the_last() {
    let mut scene = Scene::new(Some(TTL));
    let id = scene.add(0);
    assert_eq!(scene.enter(&id, 1), Ok(0));
    assert_eq!(scene.enter(&id, 1), Ok(0));
    assert_eq!(scene.unregister(&id, 2), Ok(()));
    assert_eq!(scene.enter(&id, 2), Err(Absent::Unknown));
    assert_eq!((scene.table.count(2), scene.table.ids(2).len()), (0, 0));
    scene.table.leave(&id, 3);
    assert_eq!(scene.ended(), Vec::<u64>::new());
    scene.table.leave(&id, 4);
    assert_eq!(scene.ended(), [0]);
}

#[test]
fn whoever_ends_one_is_told_when_it_is_closed_whoever_closes_it() {
    let mut scene = Scene::new(None);
    let id = scene.add(0);
    let sequence = scene.issuer.sequence(&id);
    let closing = scene.table.unregister(&id, sequence, 1);
    let mut closing = closing.unwrap().expect("no call is under way");
    let ended = scene.table.take_ended();
    assert!(!scene.table.has_ended(), "another thread has taken it");
    assert_eq!(closing.try_recv(), Ok(None), "and has not closed it yet");
    drop(ended);
    assert!(closing.try_recv().is_err());
}

#[test]
fn there_are_no_more_than_may_be_and_expired_ones_make_room() {
    let mut scene = Scene::new(Some(TTL));
    let ids: Vec<SessionId> = (0..9).map(|_| scene.add(0)).collect();
    assert_eq!(scene.table.reserve(10, 0), Some(9));
    assert_eq!(scene.table.reserve(10, 0), None, "one is being made");
    scene.table.release();
    assert_eq!(scene.table.ids(0), ids);
    assert_eq!((scene.table.count(0), scene.table.count(TTL)), (9, 0));
    assert_eq!(scene.enter(&ids[0], 50), Ok(0));
    scene.table.leave(&ids[0], 50);
    assert_eq!(scene.table.reserve(9, TTL), Some(10));
    assert_eq!(scene.ended().len(), 8);
}

#[test]
fn a_stop_ends_all_calls_or_not() {
    let mut scene = Scene::new(None);
    let (idle, called) = (scene.add(0), scene.add(0));
    assert_eq!(scene.enter(&called, 0), Ok(1));
    scene.table.stop();
    let mut ended = scene.ended();
    ended.sort_unstable();
    assert_eq!(ended, [0, 1]);
    scene.table.leave(&called, 1);
    assert_eq!(scene.ended(), Vec::<u64>::new());
    assert!(scene.enter(&idle, 1).is_err());
}
