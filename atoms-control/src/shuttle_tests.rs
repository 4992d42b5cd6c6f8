//! Questions that end while somebody waits, in many of the orders in which threads may do it.

use std::sync::Arc;

use atoms_runtime::Timestamp;
use shuttle::{check_random, future, thread};

use crate::desk::Waiters;
use crate::question::{Answer, Checkpoint, End, Outcome, Question, QuestionId};
use crate::store::{Ending, MemoryQuestions, QuestionStore};

/// How many orders are tried.
const ORDERS: usize = 20_000;

fn ends() -> [End; 3] {
    let approved = Answer::Approved { feedback: None, edited: None };
    let outcomes = [Outcome::Answered(approved), Outcome::Expired, Outcome::Cancelled { reason: None }];
    outcomes.map(|outcome| End::new(outcome, None, Timestamp::from_unix_micros(0)))
}

/// Ends the question and tells those who wait, as a desk does; whether it was this one that ended it.
fn end(store: &MemoryQuestions, waiters: &Waiters, id: QuestionId, end: End) -> bool {
    match future::block_on(store.end(id, end, vec![])).unwrap() {
        Ending::Ended(ended) => {
            waiters.tell(&ended);
            true
        }
        Ending::Before(ended) => {
            waiters.tell(&ended);
            false
        }
        Ending::Unknown => panic!("it was opened"),
    }
}

/// Waits for the end, as a desk does.
fn wait(store: &MemoryQuestions, waiters: &Waiters, id: QuestionId) -> Option<Arc<Question>> {
    future::block_on(async {
        let waiter = waiters.enter(id)?;
        match store.get(id).await.unwrap() {
            Some(ended) if !ended.is_open() => Some(ended),
            _ => waiter.told().await,
        }
    })
}

#[test]
fn a_question_has_one_end_and_all_who_wait_are_told_of_it() {
    check_random(
        || {
            let shared = Arc::new((MemoryQuestions::new(8, 1 << 20), Waiters::default()));
            let question = Checkpoint::unnamed().into_draft().question;
            let id = question.id;
            future::block_on(shared.0.open(Arc::new(question), vec![])).unwrap();
            let waiting: Vec<_> = (0..2)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || wait(&shared.0, &shared.1, id).unwrap().end.clone())
                })
                .collect();
            let ending = ends().map(|how| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || end(&shared.0, &shared.1, id, how))
            });
            // One who goes takes nobody else out of the table.
            drop(shared.1.enter(id));
            let ended = ending.map(|ending| ending.join().unwrap());
            assert_eq!(ended.into_iter().filter(|ended| *ended).count(), 1);
            let end = future::block_on(shared.0.get(id)).unwrap().unwrap().end.clone();
            assert!(end.is_some());
            waiting.into_iter().for_each(|waiting| assert_eq!(waiting.join().unwrap(), end));
            assert_eq!(shared.1.len(), 0);
        },
        ORDERS,
    );
}

#[test]
fn who_waits_is_told_of_an_end_even_if_the_question_makes_room_at_once() {
    check_random(
        || {
            let shared = Arc::new((MemoryQuestions::new(1, 1 << 20), Waiters::default()));
            let [first, second] = [(); 2].map(|()| Checkpoint::unnamed().into_draft().question);
            let (id, other) = (first.id, second.id);
            future::block_on(shared.0.open(Arc::new(first), vec![])).unwrap();
            let waiter = shared.1.enter(id).unwrap();
            let ending = thread::spawn({
                let shared = Arc::clone(&shared);
                move || {
                    let [answered, expired, _] = ends();
                    end(&shared.0, &shared.1, id, answered);
                    future::block_on(shared.0.open(Arc::new(second), vec![])).unwrap();
                    end(&shared.0, &shared.1, other, expired);
                }
            });
            assert!(future::block_on(waiter.told()).unwrap().answer().is_some());
            ending.join().unwrap();
        },
        ORDERS,
    );
}

#[test]
fn who_waits_when_the_bus_ends_is_told_so() {
    check_random(
        || {
            let shared = Arc::new((MemoryQuestions::new(8, 1 << 20), Waiters::default()));
            let question = Checkpoint::unnamed().into_draft().question;
            let id = question.id;
            future::block_on(shared.0.open(Arc::new(question), vec![])).unwrap();
            let waiting: Vec<_> = (0..3)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || wait(&shared.0, &shared.1, id).is_none())
                })
                .collect();
            shared.1.close();
            assert!(waiting.into_iter().all(|waiting| waiting.join().unwrap()));
            assert_eq!(shared.1.len(), 0);
        },
        ORDERS,
    );
}
