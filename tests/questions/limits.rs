//! How many questions there may be, and how large they may be.

use std::sync::Arc;

use atoms::StoreErrorKind;
use atoms::control::{AnswerError, MemoryQuestions, OpenError, QuestionLimits};
use atoms::prelude::*;

use crate::{ada, bus, plan, started};

const KIB: usize = 1_024;

async fn too_large(bus: &Bus, ask: Checkpoint) -> String {
    let error = bus.questions().open(ask).await.unwrap_err();
    assert!(matches!(error, OpenError::TooLarge(_)), "{error}");
    error.to_string()
}

#[tokio::test]
async fn each_part_of_a_question_is_bounded() {
    let bus = started();
    let long = |bytes| "x".repeat(bytes);
    let message = too_large(&bus, plan().title(long(KIB + 1))).await;
    assert_eq!(
        message,
        "the question cannot be asked: the title: 1025 bytes are more than the 1024 that there is room for; raise the \
         limit in `QuestionLimits`"
    );
    too_large(&bus, plan().description(long(16 * KIB + 1))).await;
    too_large(&bus, plan().details(&long(256 * KIB))).await;
    too_large(&bus, plan().details(&vec![0; 40 * KIB])).await;
    too_large(&bus, plan().body(&long(256 * KIB))).await;
    too_large(&bus, plan().session(long(KIB))).await;
    too_large(&bus, (0..20).fold(plan(), |ask, n| ask.role(format!("{n}{}", long(100))))).await;
    bus.questions().open(plan().title(long(KIB)).description(long(16 * KIB))).await.unwrap();
    assert_eq!(bus.questions().count().await.unwrap(), 1);
}

#[tokio::test]
async fn an_answer_is_bounded_and_the_question_stays_open() {
    let limits = QuestionLimits::new().answer(KIB);
    let bus = bus().0.question_limits(limits).start().unwrap();
    let opened = bus.questions().open(Input::<String>::new("text")).await.unwrap();
    let error = bus.questions().answer("text", "x".repeat(KIB)).by(&ada()).await.unwrap_err();
    assert!(matches!(error, AnswerError::TooLarge(_)), "{error}");
    let error = bus.questions().cancel("text").feedback("x".repeat(KIB)).by(&ada()).await.unwrap_err();
    assert!(matches!(error, AnswerError::TooLarge(_)), "{error}");
    bus.questions().answer("text", "short").by(&ada()).await.unwrap();
    assert_eq!(opened.wait().await.unwrap(), "short");
}

#[tokio::test]
async fn a_store_that_is_full_says_so() {
    let bus = bus().0.question_store(Arc::new(MemoryQuestions::new(2, 1 << 20))).start().unwrap();
    for name in ["a", "b"] {
        bus.questions().open(Checkpoint::new(name)).await.unwrap();
    }
    let error = bus.questions().open(Checkpoint::new("c")).await.unwrap_err();
    assert!(matches!(&error, OpenError::Store(error) if error.kind() == StoreErrorKind::Full), "{error}");
    bus.questions().approve("a").by(&ada()).await.unwrap();
    bus.questions().open(Checkpoint::new("c")).await.unwrap();
}
