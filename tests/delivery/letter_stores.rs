//! Where dead letters are kept, and how they find their handlers again.

use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoms::prelude::*;
use atoms::{
    AnyEvent, BusBuilder, Carried, CarriedType, DeadLetter, Entry, EventId, LetterRecipient, LetterStore,
    MemoryLetters, Metadata, RawEvent, RedeliverError, Refusal, StoreError, StoreErrorKind, StoreFuture,
    Stored, StoredEvents,
};
use tokio::time::sleep;

use crate::{Log, SOON, bus};

#[event(type = "letter_stores.order")]
struct Order {
    number: u64,
}

#[handler(id = "letter_stores.old")]
fn old(order: &Order) -> Result<(), String> {
    Err(format!("no room for {}", order.number))
}

#[handler(id = "letter_stores.new", was = ["letter_stores.oldest", "letter_stores.old"])]
fn new(order: &Order, log: State<Log>) -> Result<(), String> {
    log.add(format!("stored {}", order.number));
    if order.number > 1 { Err("still no room".into()) } else { Ok(()) }
}

#[tokio::test]
async fn memory_is_a_store_of_letters() {
    atoms::testing::letters::check(|capacity, bytes| async move {
        Arc::new(MemoryLetters::new(capacity, bytes)) as Arc<dyn LetterStore>
    })
    .await;
}

#[tokio::test]
async fn a_letter_finds_its_handler_by_an_identity_that_it_had_before() {
    let store = Arc::new(MemoryLetters::default());
    let first = bus().0.letter_store(store.clone()).handler::<old>().start().unwrap();
    for number in [1, 2] {
        assert!(!first.emit(Order { number }).await.is_ok());
    }
    let (builder, log) = bus();
    let bus = builder.letter_store(store).handler::<new>().start().unwrap();
    let letters = bus.dead_letters().list().await.unwrap();
    assert_eq!(letters[0].recipient(), Some(&LetterRecipient::Handler("letter_stores.old".into())));
    assert!(bus.dead_letters().redeliver(letters[0].id()).await.unwrap().is_ok());
    assert_eq!(log.take(), ["stored 1"]);
    assert!(!bus.dead_letters().redeliver(letters[1].id()).await.unwrap().is_ok());
    let [letter] = &bus.dead_letters().list().await.unwrap()[..] else { panic!() };
    assert_eq!((letter.id(), letter.attempts().len()), (letters[1].id(), 2));
    assert_eq!(letter.recipient(), Some(&LetterRecipient::Handler("letter_stores.new".into())));
}

#[tokio::test]
async fn a_letter_whose_handler_is_gone_says_so_and_stays() {
    let store = Arc::new(MemoryLetters::default());
    let first = bus().0.letter_store(store.clone()).handler::<old>().start().unwrap();
    assert!(!first.emit(Order { number: 1 }).await.is_ok());
    let bus = bus().0.letter_store(store).start().unwrap();
    let letters = bus.dead_letters();
    let id = letters.list().await.unwrap()[0].id();
    let error = letters.redeliver(id).await.unwrap_err();
    let handler = "letter_stores.old".into();
    assert_eq!(error, RedeliverError::NoHandler { letter: id, handler });
    assert!(error.to_string().contains("write `#[handler(was = \"letter_stores.old\")]` on it"), "{error}");
    assert_eq!(letters.len().await.unwrap(), 1);
}

/// A store that takes a second for each letter, and keeps none with an even number.
#[derive(Default)]
struct Slow(MemoryLetters, Mutex<Option<StoredEvents>>);

impl LetterStore for Slow {
    fn start(&self, events: StoredEvents) {
        *self.1.lock().unwrap() = Some(events);
    }

    fn next_id(&self) -> u64 {
        self.0.next_id()
    }

    fn put(&self, letter: Arc<DeadLetter>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            sleep(Duration::from_secs(1)).await;
            if letter.id().is_multiple_of(2) {
                return Err(StoreError::new(StoreErrorKind::Full, "the disk is full"));
            }
            self.0.put(letter).await
        })
    }

    fn get(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>> {
        self.0.get(id)
    }

    fn list(&self, above: u64, limit: usize) -> StoreFuture<'_, Vec<Arc<DeadLetter>>> {
        self.0.list(above, limit)
    }

    fn of_event(&self, event: EventId) -> StoreFuture<'_, Vec<Arc<DeadLetter>>> {
        self.0.of_event(event)
    }

    fn take(&self, id: u64) -> StoreFuture<'_, Option<Arc<DeadLetter>>> {
        self.0.take(id)
    }

    fn count(&self) -> StoreFuture<'_, usize> {
        self.0.count()
    }

    fn dropped(&self) -> StoreFuture<'_, u64> {
        self.0.dropped()
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_a_store_that_is_slow() {
    let bus = bus().0.letter_store(Arc::new(Slow::default())).start().unwrap();
    let ids: Vec<_> = (0..3)
        .map(|number| {
            let event = AnyEvent::from(Envelope::new(Order { number }));
            bus.dead_letters().keep(event, Refusal::MailboxFull)
        })
        .collect();
    assert_eq!((ids, bus.dead_letters().len().await.unwrap()), (vec![1, 2, 3], 0));
    bus.shutdown(SOON).await.unwrap();
    let kept: Vec<_> = bus.dead_letters().list().await.unwrap().iter().map(|letter| letter.id()).collect();
    assert_eq!(kept, [1, 3]);
}

/// For whom a chain of events runs.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct Principal(String);

impl Carried for Principal {
    const STORED: Option<Stored<Self>> = Some(Stored::json("letter_stores.principal"));
}

#[tokio::test]
async fn a_stored_event_is_what_it_was_with_the_values_that_it_carries() {
    let started = |builder: BusBuilder| {
        let store = Arc::new(Slow::default());
        let bus = builder.event::<Order>().letter_store(store.clone()).start().unwrap();
        let events = store.1.lock().unwrap().clone().unwrap();
        (bus, events)
    };
    let (bus, events) = started(bus().0.carries::<Principal>());
    let principal = Principal("ada".into());
    let event = AnyEvent::from(Envelope::new(Order { number: 7 })).carry(principal.clone());
    let stored = events.write(&event).unwrap();
    let read = events.read(&stored).unwrap();
    assert_eq!((read.id(), read.carried()), (event.id(), Some(&principal)));
    assert_eq!(read.downcast_ref::<Order>().unwrap().number, 7);
    let (other, others) = started(crate::bus().0);
    let error = others.write(&event).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unwritable);
    assert!(error.to_string().contains("name the type with `BusBuilder::carries`"), "{error}");
    assert!(others.read(&stored).unwrap().carried::<Principal>().is_none());
    for broken in [&[][..], &[9], &stored[..stored.len() - 1], &stored[..6]] {
        assert_eq!(events.read(broken).unwrap_err().kind(), StoreErrorKind::Unreadable, "{broken:?}");
    }
    drop((bus, other));
    assert_eq!(events.write(&event).unwrap_err().kind(), StoreErrorKind::Unavailable);
}

/// Something that lets events carry for whom they run.
struct Desk(&'static Location<'static>);

impl Entry for Desk {
    const KIND: &'static str = "desk";

    fn name(&self) -> &str {
        "orders"
    }

    fn place(&self) -> &'static Location<'static> {
        self.0
    }

    fn carries(&self) -> Vec<CarriedType> {
        vec![CarriedType::of::<Principal>()]
    }
}

#[tokio::test]
async fn a_bus_restores_the_values_that_its_entries_let_events_carry() {
    static DESK: Desk = Desk(Location::caller());
    let bus = bus().0.event::<Order>().entry(&DESK).start().unwrap();
    let principal = Principal("ada".into());
    let event = AnyEvent::from(Envelope::new(Order { number: 7 })).carry(principal.clone());
    let events = bus.stored_events();
    let read = events.read(&events.write(&event).unwrap()).unwrap();
    assert_eq!(read.carried(), Some(&principal));
}

#[tokio::test]
async fn an_event_of_an_unknown_type_is_written_with_the_envelope_that_its_frame_lacks() {
    let bus = bus().0.start().unwrap();
    let frame = br#"{"type":"letter_stores.unknown", "n": 1}"#;
    let raw = RawEvent::new("letter_stores.unknown", *frame, None, None, None);
    let mut metadata = Metadata::new();
    metadata.insert("tenant", "t-1");
    let event = AnyEvent::from(raw).with_metadata(metadata);
    let events: StoredEvents = bus.stored_events();
    let read = events.read(&events.write(&event).unwrap()).unwrap();
    assert_eq!(
        (read.id(), read.timestamp(), read.metadata()),
        (event.id(), event.timestamp(), event.metadata())
    );
    assert_eq!(read.as_raw().unwrap().frame(), frame);
}
