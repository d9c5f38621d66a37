use super::hub::{Begin, Block, Found, Hub, Seat, write};
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use serde_json::json;
use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::sync::futures::OwnedNotified;

/// The most values of one key that a reader may choose by.
const MOST: usize = 64;

/// Which events a reader wants: those of one of the plugins, about one of the topics; all, where none
/// is named.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::gateway) struct Filter {
    plugins: Vec<String>,
    topics: Vec<String>,
}

impl Filter {
    /// By the query of a request, `plugin=` and `topic=`, each any number of times.
    pub(in crate::gateway) fn of(query: &str) -> Self {
        let mut filter = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let values = match &*key {
                "plugin" => &mut filter.plugins,
                "topic" => &mut filter.topics,
                _ => continue,
            };
            if !value.is_empty() && values.len() < MOST {
                values.push(value.into_owned());
            }
        }
        filter
    }

    fn is_all(&self) -> bool {
        self.plugins.is_empty() && self.topics.is_empty()
    }

    fn wants(&self, plugin: Option<&str>, topic: &str) -> bool {
        let plugin = self.plugins.is_empty()
            || plugin.is_some_and(|plugin| self.plugins.iter().any(|own| own == plugin));
        plugin && (self.topics.is_empty() || self.topics.iter().any(|own| own == topic))
    }
}

pin_project! {
    /// One reader: the body of the answer to `GET /events`.
    pub(in crate::gateway) struct Reader {
        hub: Arc<Hub>,
        filter: Filter,
        place: u64,
        skip_below: u64,
        ready: VecDeque<Bytes>,
        is_over: bool,
        _seat: Seat,
        #[pin]
        more: Option<OwnedNotified>,
    }
}

impl Reader {
    /// From now on, or from after the event of that id.
    pub(in crate::gateway) fn new(hub: Arc<Hub>, filter: Filter, last: Option<&str>) -> Self {
        let Begin {
            first,
            place,
            skip_below,
        } = hub.begin(last);
        Self {
            _seat: Seat::new(&hub),
            hub,
            filter,
            place,
            skip_below,
            ready: VecDeque::from([first]),
            is_over: false,
            more: None,
        }
    }
}

/// What of a block a reader gets.
fn pick(block: &Block, filter: &Filter, skip_below: u64, into: &mut VecDeque<Bytes>) {
    if filter.is_all() && block.first >= skip_below {
        into.push_back(block.bytes.clone());
        return;
    }
    if block.events.is_empty() {
        into.push_back(block.bytes.clone());
    }
    for (number, event) in (block.first..).zip(&block.events) {
        if number >= skip_below && filter.wants(event.plugin.as_deref(), &event.topic) {
            into.push_back(block.bytes.slice(event.place.clone()));
        }
    }
}

/// The last event of a reader that does not keep up.
fn farewell() -> Bytes {
    let detail = "this reader was too slow: events that it did not read are gone; connect again \
                  with `Last-Event-ID`";
    let mut bytes = BytesMut::new();
    let json = json!({ "topic": "dropped", "data": { "detail": detail } });
    write(&mut bytes, None, &json);
    bytes.freeze()
}

impl Body for Reader {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut this = self.project();
        loop {
            if let Some(bytes) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            if *this.is_over {
                return Poll::Ready(None);
            }
            // Asked for before the look, so that nothing comes between.
            if this.more.is_none() {
                this.more.set(Some(this.hub.more()));
            }
            let more = this.more.as_mut().as_pin_mut();
            let is_more = more.is_none_or(|more| more.poll(cx).is_ready());
            match this.hub.at(*this.place) {
                Found::Block(block) => {
                    *this.place += 1;
                    pick(&block, this.filter, *this.skip_below, this.ready);
                }
                Found::Gone => {
                    this.hub.note_too_slow();
                    this.ready.push_back(farewell());
                    *this.is_over = true;
                }
                Found::Over => *this.is_over = true,
                Found::Nothing if is_more => {}
                Found::Nothing => return Poll::Pending,
            }
            if is_more {
                this.more.set(None);
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over && self.ready.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
