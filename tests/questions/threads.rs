//! Many who ask and answer at once.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use atoms::control::{
    Answer, AnswerError, End, NotAnswered, QuestionAnswered, QuestionCancelled, QuestionExpired, QuestionId,
};
use atoms::prelude::*;
use tokio::time::{sleep, timeout};

use crate::{SOON, ada, bus};

const TASKS: u64 = 8;
const QUESTIONS: u64 = 500;

/// How often each question was said to have ended.
#[derive(Default)]
struct Told(Mutex<HashMap<QuestionId, u32>>);

impl Told {
    fn of(&self, id: QuestionId) {
        *self.0.lock().unwrap().entry(id).or_default() += 1;
    }
}

#[handler]
fn answered(answered: &QuestionAnswered, told: State<Told>) {
    told.of(answered.question);
}

#[handler]
fn expired(expired: &QuestionExpired, told: State<Told>) {
    told.of(expired.question);
}

#[handler]
fn cancelled(cancelled: &QuestionCancelled, told: State<Told>) {
    told.of(cancelled.question);
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What those were told who waited for one question, or had ended it.
#[derive(Default)]
struct Ends(Mutex<HashMap<QuestionId, Vec<End>>>);

impl Ends {
    fn add(&self, id: QuestionId, end: &End) {
        self.0.lock().unwrap().entry(id).or_default().push(end.clone());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn each_question_has_one_end_and_each_waiter_is_told_it_once() {
    let told = std::sync::Arc::<Told>::default();
    let builder = bus().0.shared_state(told.clone()).queue_capacity(8);
    let builder = builder.handler::<answered>().handler::<expired>().handler::<cancelled>();
    let bus = builder.start().unwrap();
    let (ends, winners) = (std::sync::Arc::<Ends>::default(), std::sync::Arc::new(AtomicU32::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let (bus, ends, winners) = (bus.clone(), ends.clone(), winners.clone());
        tasks.spawn(async move {
            let mut random = Random(task);
            for _ in 0..QUESTIONS {
                match random.below(4) {
                    0 => open(&bus, &ends, random.below(4)).await,
                    choice => end(&bus, &ends, &winners, choice, &mut random).await,
                }
            }
        });
    }
    while let Some(done) = timeout(3 * SOON, tasks.join_next()).await.unwrap() {
        done.unwrap();
    }
    for question in bus.questions().list().await.unwrap() {
        let _withdrawn = bus.questions().withdraw(question.id).await;
    }
    let all_told = async {
        while ends.0.lock().unwrap().values().any(|ends| ends.len() < 2) {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(SOON, all_told).await.expect("each waiter is woken");
    bus.idle().await;
    let ends = ends.0.lock().unwrap();
    let told = told.0.lock().unwrap();
    for (id, ends) in &*ends {
        assert!(ends.iter().all(|end| *end == ends[0]), "one end: {ends:?}");
        assert_eq!(told.get(id), Some(&1), "it is told once");
    }
    assert!(ends.len() > 100 && winners.load(Ordering::Relaxed) > 50, "{} questions", ends.len());
}

/// Opens a question with two who wait for it, and perhaps with a deadline, and a third one who goes.
async fn open(bus: &Bus, ends: &std::sync::Arc<Ends>, choice: u64) {
    let ask = Checkpoint::unnamed();
    let ask = if choice == 0 { ask.deadline(Duration::from_millis(2)) } else { ask };
    let opened = bus.questions().open(ask).await.unwrap();
    let id = opened.id();
    ends.0.lock().unwrap().entry(id).or_default();
    let (first, other) = (ends.clone(), ends.clone());
    tokio::spawn(async move {
        let ended = opened.ended().await.unwrap();
        first.add(id, ended.end.as_ref().unwrap());
    });
    let waiting = bus.clone();
    tokio::spawn(async move {
        let waited = waiting.questions().wait::<Decision>(id).await;
        let ended = waiting.questions().get(id).await.unwrap().unwrap();
        let end = ended.end.as_ref().unwrap();
        match waited {
            Ok(decision) => assert_eq!(Some(&Answer::from(decision)), end.answer()),
            Err(NotAnswered::Expired(question) | NotAnswered::Cancelled(question)) => {
                assert_eq!(question.end.as_ref(), Some(end));
            }
            Err(error) => panic!("{error}"),
        }
        other.add(id, end);
    });
    let gone = bus.questions().wait::<Decision>(id);
    let _late = timeout(Duration::from_micros(50 * choice), gone).await;
}

/// Ends an open question, if there is one.
async fn end(bus: &Bus, ends: &Ends, winners: &AtomicU32, choice: u64, random: &mut Random) {
    let open = bus.questions().list().page(None, 4).await.unwrap();
    let Some(question) = open.get(random.below(4) as usize) else { return };
    let (questions, ada) = (bus.questions(), ada());
    let ended = match choice {
        1 => questions.approve(question.id).by(&ada).await,
        2 => questions.reject(question.id).by(&ada).await,
        _ => questions.cancel(question.id).by(&ada).await,
    };
    match ended {
        Ok(ended) => {
            winners.fetch_add(1, Ordering::Relaxed);
            ends.add(ended.id, ended.end.as_ref().unwrap());
        }
        Err(AnswerError::Ended(ended)) => ends.add(ended.id, ended.end.as_ref().unwrap()),
        Err(error) => panic!("{error}"),
    }
}
