//! What the boundary and the checks cost a durable write.

use crate::report::{Bar, Bench, interleaved};
use jackfield_loader::{Loader, Options, Request};
use jackfield_tests::Site;
use redb::{Database, TableDefinition};
use std::time::Duration;

const TRANSACTIONS: u64 = 1000;
const ROUNDS: usize = 5;
const VALUE: [u8; 100] = [7; 100];
const ENTRIES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("entries");

/// Measures the rows of this file.
#[expect(
    clippy::cast_precision_loss,
    reason = "a number of transactions is far below 2^52"
)]
pub fn measure(bench: &mut Bench) {
    if !bench.wants("storage.durable") {
        return;
    }
    let site = Site::new();
    site.add("vault");
    let loader = Loader::open(Options::new(site.plugins(), site.state())).expect("a loader");
    loader.start();
    let vault = loader.plugin("vault").expect("the fixture runs");
    let path = format!("/fill/{TRANSACTIONS}");
    let fill = Request::new("POST", &path).with_body(&VALUE);
    let through = || {
        let answer = pollster::block_on(vault.request(&fill)).expect("an answer");
        assert_eq!(answer.status(), 204);
    };
    // On the same disk.
    let file = site.root().join("alone.redb");
    let alone = Database::create(file).expect("the disk is writable");
    // Both files have all keys and their final size before anything is timed.
    through();
    alone_fill(&alone);
    let (subject, baseline) = interleaved(ROUNDS, through, || alone_fill(&alone));
    let rate = |time: Duration| TRANSACTIONS as f64 / time.as_secs_f64();
    bench.ratio(
        "storage.durable",
        "commits/s",
        rate(subject),
        rate(baseline),
        Bar::Min(0.9),
    );
}

/// The same keys and values, one a transaction, as durable as `redb` makes them by default: as the
/// loader has them.
fn alone_fill(database: &Database) {
    for number in 0..TRANSACTIONS {
        let transaction = database.begin_write().expect("nobody else writes");
        let mut table = transaction.open_table(ENTRIES).expect("its own table");
        table
            .insert(&number.to_be_bytes()[..], &VALUE[..])
            .expect("the disk is writable");
        drop(table);
        transaction.commit().expect("the disk is writable");
    }
}
