//! What any [`QuestionStore`] does: [`check`] is a test of one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use atoms_runtime::{AnyEvent, Bus, Envelope, EventId, NewPost, StoreErrorKind, Timestamp};
use serde_json::json;

use crate::events::QuestionExpired;
use crate::principal::Principal;
use crate::question::{
    Answer, Ask, End, Input, OfInput, Outcome, Question, QuestionId, QuestionKind, Schema,
};
use crate::store::{Ending, Opening, QuestionFilter, QuestionStore};

const MIB: usize = 1024 * 1024;

/// Checks stores that `make` returns empty, with room for this many open questions in this many bytes of memory, and
/// for as many that have ended. Panics with what is wrong. Needs a tokio runtime with several threads.
///
/// ```
/// use std::sync::Arc;
/// use atoms::control::{MemoryQuestions, QuestionStore};
///
/// # #[tokio::main]
/// # async fn main() {
/// atoms::control::testing::questions::check(|capacity, bytes| async move {
///     Arc::new(MemoryQuestions::new(capacity, bytes)) as Arc<dyn QuestionStore>
/// })
/// .await;
/// # }
/// ```
///
/// # Panics
///
/// If a store does not do what [`QuestionStore`] says.
pub async fn check<F: Future<Output = Arc<dyn QuestionStore>>>(make: impl Fn(usize, usize) -> F) {
    let bus = Bus::builder()
        .without_discovery()
        .event::<QuestionExpired>()
        .start()
        .expect("a bus without handlers starts");
    let make = async |capacity, bytes| {
        let store = make(capacity, bytes).await;
        store.start(bus.stored_events());
        store
    };
    a_question_is_what_it_was(&*make(8, MIB).await).await;
    a_question_ends_once(&*make(8, MIB).await).await;
    a_name_is_free_again_at_the_end(&*make(8, MIB).await).await;
    an_id_is_opened_once(&*make(8, MIB).await).await;
    open_questions_are_listed_by_their_ids(&*make(8, MIB).await).await;
    deadlines_are_in_order(&*make(8, MIB).await).await;
    what_is_to_be_posted_is_stored_with_what_it_tells_of(&*make(8, MIB).await).await;
    what_was_not_stored_posts_nothing(&*make(1, MIB).await).await;
    open_questions_are_bounded_in_number(&*make(2, MIB).await).await;
    open_questions_are_bounded_in_bytes(&*make(8, 100_000).await).await;
    those_that_ended_first_make_room(&*make(2, MIB).await, 10).await;
    those_that_ended_first_make_room(&*make(8, 100_000).await, 40_000).await;
    of_several_one_ends_it(make(64, MIB).await).await;
}

fn question() -> Question {
    sized(0)
}

fn sized(bytes: usize) -> Question {
    Input::<String>::unnamed().body(&"x".repeat(bytes)).into_draft().question
}

fn named(name: &str) -> Question {
    Question { name: Some(name.into()), ..question() }
}

/// An event that has a number in its name.
fn numbered(number: u32) -> QuestionExpired {
    let name = Some(number.to_string());
    QuestionExpired { question: QuestionId::generate(), kind: QuestionKind::Input, name }
}

fn number(event: &AnyEvent) -> u32 {
    let event = event.downcast_ref::<QuestionExpired>().expect("an event is of its type");
    event.name.as_ref().and_then(|name| name.parse().ok()).expect("an event is what it was")
}

fn post(number: u32) -> NewPost {
    NewPost::new(Envelope::new(numbered(number)).into(), ["a"])
}

fn answered(text: &str) -> End {
    let answer = Answer::Given(text.into());
    End::new(Outcome::Answered(answer), Some(Principal::new("ada")), Timestamp::from_unix_micros(1))
}

async fn open(store: &dyn QuestionStore, question: &Question) -> Opening {
    store.open(question.clone().into(), vec![]).await.unwrap()
}

async fn end(store: &dyn QuestionStore, id: QuestionId) {
    let ending = store.end(id, answered("yes"), vec![]).await.unwrap();
    assert!(matches!(ending, Ending::Ended(_)), "an open question ends: {ending:?}");
}

async fn ids(store: &dyn QuestionStore, filter: QuestionFilter) -> Vec<QuestionId> {
    store.list(filter, None, usize::MAX).await.unwrap().iter().map(|question| question.id).collect()
}

fn json(question: &Question) -> serde_json::Value {
    serde_json::to_value(question).expect("a question can be written")
}

async fn a_question_is_what_it_was(store: &dyn QuestionStore) {
    assert_eq!(store.count().await.unwrap(), 0, "a new store is empty");
    let ask: Ask<OfInput<serde_json::Value>> = Input::of_schema("limit", Schema::choice(["low", "high"]));
    let ask =
        ask.title("A limit").description("Which?").details(&json!({"a": [1, 2.5, null]})).role("manager");
    let ask = ask.body(&json!({"call": "c-1"})).session("s-1").then(numbered(7));
    let mut asked = ask.default_to(json!("low")).into_draft().question;
    asked.deadline = Some(Timestamp::from_unix_micros(1_800_000_000_000_001));
    asked.correlation = Some("c-9".into());
    open(store, &asked).await;
    let kept = store.get(asked.id).await.unwrap().expect("a question that was opened is there");
    assert_eq!(json(&kept), json(&asked), "a question is what it was");
    assert_eq!(kept.then.len(), 1, "what is posted with the answer is kept with the question");
    let then = &kept.then[0];
    assert_eq!((number(then), then.id()), (7, asked.then[0].id()), "an event is what it was");
    assert!(kept.schema.as_ref().is_some_and(|schema| schema.check(&json!("middle")).is_err()));

    let ending = store.end(asked.id, answered("high"), vec![]).await.unwrap();
    assert!(matches!(&ending, Ending::Ended(ended) if ended.end == Some(answered("high"))), "{ending:?}");
    let ended = store.get(asked.id).await.unwrap().expect("a question that has ended is there still");
    assert_eq!(
        json(&ended),
        json(&asked.with_end(answered("high"))),
        "a question that has ended is what it was"
    );
}

async fn a_question_ends_once(store: &dyn QuestionStore) {
    let asked = question();
    let unknown = store.end(asked.id, answered("no"), vec![]).await.unwrap();
    assert!(matches!(unknown, Ending::Unknown), "a question that is not there does not end: {unknown:?}");
    open(store, &asked).await;
    end(store, asked.id).await;
    let again = store.end(asked.id, answered("no"), vec![post(1)]).await.unwrap();
    assert!(
        matches!(&again, Ending::Before(ended) if ended.end == Some(answered("yes"))),
        "a question ends once, and tells how: {again:?}"
    );
    assert!(store.unposted(8).await.unwrap().is_empty(), "what did not end a question posts nothing");
    assert_eq!(store.count().await.unwrap(), 0);
}

async fn a_name_is_free_again_at_the_end(store: &dyn QuestionStore) {
    let (first, second) = (named("plan"), named("plan"));
    assert_eq!(open(store, &first).await, Opening::Opened);
    assert_eq!(
        open(store, &second).await,
        Opening::NameTaken(first.id),
        "an open question has its name alone"
    );
    assert!(store.get(second.id).await.unwrap().is_none(), "what was not opened is not there");
    assert_eq!(store.find("plan".into()).await.unwrap().map(|found| found.id), Some(first.id));
    assert_eq!(open(store, &named("other")).await, Opening::Opened);
    end(store, first.id).await;
    assert!(store.find("plan".into()).await.unwrap().is_none(), "a name is that of an open question");
    assert_eq!(
        open(store, &second).await,
        Opening::Opened,
        "a name is free again when its question has ended"
    );
    assert_eq!(store.find("plan".into()).await.unwrap().map(|found| found.id), Some(second.id));
}

async fn an_id_is_opened_once(store: &dyn QuestionStore) {
    let asked = named("plan");
    assert_eq!(open(store, &asked).await, Opening::Opened);
    let again = store.open(asked.clone().into(), vec![post(1)]).await.unwrap();
    assert_eq!(again, Opening::Known, "opening may be repeated");
    end(store, asked.id).await;
    assert_eq!(open(store, &asked).await, Opening::Known, "a question that has ended is not opened again");
    assert!(store.unposted(8).await.unwrap().is_empty(), "what opened no question posts nothing");
    assert_eq!(store.count().await.unwrap(), 0);
}

async fn open_questions_are_listed_by_their_ids(store: &dyn QuestionStore) {
    let mut asked: Vec<_> = (0..5).map(|_| question()).collect();
    (asked[1].kind, asked[2].kind) = (QuestionKind::Approval, QuestionKind::Checkpoint);
    asked[2].session = Some("s-1".into());
    asked[3].roles = vec!["manager".into(), "director".into()];
    for place in [3, 0, 4, 2, 1] {
        open(store, &asked[place]).await;
    }
    end(store, asked[4].id).await;
    let of = |places: &[usize]| places.iter().map(|place| asked[*place].id).collect::<Vec<_>>();
    assert_eq!(store.count().await.unwrap(), 4);
    assert_eq!(ids(store, QuestionFilter::default()).await, of(&[0, 1, 2, 3]), "open ones, by their ids");
    let page = store.list(QuestionFilter::default(), Some(asked[0].id), 2).await.unwrap();
    assert_eq!(page.iter().map(|it| it.id).collect::<Vec<_>>(), of(&[1, 2]), "a page begins above the id");
    let by = |principal| QuestionFilter { answerable_by: Some(principal), ..QuestionFilter::default() };
    assert_eq!(
        ids(store, by(Principal::new("eve"))).await,
        of(&[0, 1, 2]),
        "those without roles are for all"
    );
    assert_eq!(ids(store, by(Principal::new("ada").role("director"))).await, of(&[0, 1, 2, 3]));
    let kind = |kind| QuestionFilter { kind: Some(kind), ..QuestionFilter::default() };
    assert_eq!(ids(store, kind(QuestionKind::Approval)).await, of(&[1]));
    let session =
        |session: &str| QuestionFilter { session: Some(session.into()), ..QuestionFilter::default() };
    assert_eq!(ids(store, session("s-1")).await, of(&[2]));
    assert_eq!(ids(store, session("s-2")).await, of(&[]));
}

async fn deadlines_are_in_order(store: &dyn QuestionStore) {
    let at = |micros| Question { deadline: Some(Timestamp::from_unix_micros(micros)), ..question() };
    let asked = [at(30), at(10), at(20), question()];
    for question in &asked {
        open(store, question).await;
    }
    let next = async |limit| {
        store.next_deadlines(limit).await.unwrap().iter().map(|question| question.id).collect::<Vec<_>>()
    };
    assert_eq!(next(8).await, [asked[1].id, asked[2].id, asked[0].id], "the earliest deadline comes first");
    assert_eq!(next(1).await, [asked[1].id]);
    end(store, asked[1].id).await;
    assert_eq!(next(8).await, [asked[2].id, asked[0].id], "a question that has ended has no deadline");
}

fn numbers(posts: &[NewPost]) -> Vec<u32> {
    posts.iter().map(|post| number(&post.event)).collect()
}

/// A store that is the backlog as well has nothing to give out.
async fn what_is_to_be_posted_is_stored_with_what_it_tells_of(store: &dyn QuestionStore) {
    let first = question();
    let posts = vec![post(1), post(2)];
    let sent: Vec<EventId> = posts.iter().map(|post| post.event.id().clone()).collect();
    store.open(first.clone().into(), posts).await.unwrap();
    store.end(first.id, answered("yes"), vec![post(3)]).await.unwrap();
    let unposted = store.unposted(8).await.unwrap();
    if unposted.is_empty() {
        return;
    }
    assert_eq!(numbers(&unposted), [1, 2, 3], "what is to be posted is given out in order");
    assert_eq!(unposted[0].handlers, ["a"], "with its handlers");
    assert_eq!(numbers(&store.unposted(2).await.unwrap()), [1, 2], "until it is posted");
    store.posted(vec![sent[1].clone()]).await.unwrap();
    store.posted(vec![sent[1].clone()]).await.unwrap();
    assert_eq!(numbers(&store.unposted(8).await.unwrap()), [1, 3], "what is posted is not given out again");
    assert_eq!(*store.unposted(1).await.unwrap()[0].event.id(), sent[0], "an event keeps its id");
}

async fn what_was_not_stored_posts_nothing(store: &dyn QuestionStore) {
    open(store, &question()).await;
    let full = store.open(question().into(), vec![post(1)]).await.unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::Full, "a store that is full says so");
    assert!(store.unposted(8).await.unwrap().is_empty(), "a commit is all or nothing");
}

async fn open_questions_are_bounded_in_number(store: &dyn QuestionStore) {
    let asked = [named("a"), named("b"), named("c")];
    open(store, &asked[0]).await;
    open(store, &asked[1]).await;
    let full = store.open(asked[2].clone().into(), vec![]).await.unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::Full);
    assert!(store.find("c".into()).await.unwrap().is_none(), "what was not opened has no name");
    end(store, asked[0].id).await;
    assert_eq!(open(store, &asked[2]).await, Opening::Opened, "a question that has ended makes room");
}

async fn open_questions_are_bounded_in_bytes(store: &dyn QuestionStore) {
    let (small, large, huge) = (sized(40_000), sized(70_000), sized(200_000));
    open(store, &huge).await;
    let full = store.open(small.clone().into(), vec![]).await.unwrap_err();
    assert_eq!(full.kind(), StoreErrorKind::Full, "one that is larger than all room is alone");
    end(store, huge.id).await;
    open(store, &small).await;
    assert_eq!(store.open(large.clone().into(), vec![]).await.unwrap_err().kind(), StoreErrorKind::Full);
    open(store, &sized(40_000)).await;
    assert_eq!(store.count().await.unwrap(), 2);
}

/// Of four questions of so many bytes, there is room for two that have ended.
async fn those_that_ended_first_make_room(store: &dyn QuestionStore, bytes: usize) {
    let asked: Vec<_> = (0..4).map(|_| sized(bytes)).collect();
    let (first, last) = asked.split_at(2);
    for question in first {
        open(store, question).await;
    }
    end(store, asked[1].id).await;
    end(store, asked[0].id).await;
    for question in last {
        open(store, question).await;
        end(store, question.id).await;
        assert!(store.get(question.id).await.unwrap().is_some(), "what has just ended is there");
    }
    let mut kept = HashSet::new();
    for question in &asked {
        kept.extend(store.get(question.id).await.unwrap().map(|question| question.id));
    }
    assert_eq!(kept, HashSet::from([asked[2].id, asked[3].id]), "those that ended first make room");
}

async fn of_several_one_ends_it(store: Arc<dyn QuestionStore>) {
    const QUESTIONS: u32 = 32;
    for _ in 0..QUESTIONS {
        let asked = question();
        open(&*store, &asked).await;
        let ending = (0..8_u32).map(|number| {
            let (store, id) = (Arc::clone(&store), asked.id);
            tokio::spawn(async move {
                let ending = store.end(id, answered(&number.to_string()), vec![post(number)]).await.unwrap();
                match ending {
                    Ending::Ended(ended) => (true, ended.end.clone()),
                    Ending::Before(ended) => (false, ended.end.clone()),
                    Ending::Unknown => panic!("an open question is known"),
                }
            })
        });
        let ending: Vec<_> = ending.collect();
        let mut ended = Vec::new();
        for ending in ending {
            ended.push(tokio::time::timeout(Duration::from_secs(10), ending).await.unwrap().unwrap());
        }
        assert_eq!(
            ended.iter().filter(|(is_first, _)| *is_first).count(),
            1,
            "one of several ends a question"
        );
        assert!(
            ended.windows(2).all(|pair| pair[0].1 == pair[1].1),
            "all are told of the same end: {ended:?}"
        );
        let unposted = store.unposted(8).await.unwrap();
        assert!(unposted.len() < 2, "the one that ended it posts");
        store.posted(unposted.iter().map(|post| post.event.id().clone()).collect()).await.unwrap();
    }
}
