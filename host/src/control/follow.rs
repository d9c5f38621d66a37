use super::{Answer, Code, Desk, Reading, Refusal, lines::End, lines::Lines};
use crate::logging::{Follower, Line};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::watch;

/// How many records are looked at before they are sent.
const BATCH: usize = 256;

/// Tells a client the records that it wants: those that there are, and, where it follows, those
/// that come, until it goes away or the host does.
pub(super) async fn follow(
    desk: &Desk,
    wanted: &Reading,
    lines: &mut Lines,
    ending: &mut watch::Receiver<bool>,
) -> Result<(), End> {
    let mut place = desk.log.ring().follow();
    let kept = last(&mut place, wanted);
    let told = kept.len();
    tell(lines, 0, &kept).await?;
    if !wanted.follow {
        return lines
            .write(&Answer::Ok(json!({ "records": told })).line())
            .await;
    }
    loop {
        // What was logged until then is told as well.
        let over = *ending.borrow_and_update();
        loop {
            let (missed, mut more) = place.take(BATCH);
            if missed == 0 && more.is_empty() {
                break;
            }
            more.retain(|line| is_wanted(line, wanted));
            tell(lines, missed, &more).await?;
        }
        if over {
            let refusal = Refusal::new(Code::Stopping, "the host has stopped");
            return lines.write(&Answer::Error(refusal).line()).await;
        }
        tokio::select! {
            () = place.more() => {}
            () = lines.gone() => return Err(End::Gone),
            _ = ending.changed() => {}
        }
    }
}

/// The last of those that there are.
fn last(place: &mut Follower, wanted: &Reading) -> Vec<Arc<Line>> {
    let mut kept = Vec::new();
    loop {
        let (_, more) = place.take(BATCH);
        if more.is_empty() {
            break;
        }
        kept.extend(more.into_iter().filter(|line| is_wanted(line, wanted)));
    }
    kept.drain(..kept.len().saturating_sub(wanted.lines));
    kept
}

fn is_wanted(line: &Line, wanted: &Reading) -> bool {
    wanted.level.is_none_or(|level| line.level <= level)
        && wanted.id.as_ref().is_none_or(|id| line.is_about(id))
}

async fn tell(lines: &mut Lines, missed: u64, records: &[Arc<Line>]) -> Result<(), End> {
    let mut text = Vec::new();
    if missed > 0 {
        text.extend(Answer::Dropped(missed).line());
    }
    for part in records.chunks(BATCH) {
        for line in part {
            text.extend(Answer::Record(Line::clone(line)).line());
        }
        lines.write(&std::mem::take(&mut text)).await?;
    }
    lines.write(&text).await
}
