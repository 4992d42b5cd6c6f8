//! Very many open questions.

use std::time::Instant;

use atoms::control::QuestionKind;
use atoms::prelude::*;
use contenders::runner::duration;
use tokio::runtime::Builder;

use crate::memory::resident;

async fn row(questions: u64) {
    let bus = Bus::builder().without_discovery().start().expect("nothing is needed");
    let ada = Principal::new("ada").role("manager");
    let each = |begun: Instant| duration(begun.elapsed().as_nanos() as f64 / questions as f64);
    let whole = |begun: Instant| duration(begun.elapsed().as_nanos() as f64);
    let before = resident();
    let begun = Instant::now();
    let mut opened = Vec::with_capacity(questions as usize);
    for number in 0..questions {
        let ask = Checkpoint::new(format!("plan-{number}")).title("Review the plan").role("manager");
        opened.push(bus.questions().open(ask).await.expect("there is room"));
    }
    let (open, bytes) = (each(begun), (resident() - before) / questions as f64);
    let begun = Instant::now();
    let all = bus.questions().list().answerable_by(&ada).await.expect("memory does not fail");
    let list = whole(begun);
    assert_eq!(all.len(), questions as usize);
    let begun = Instant::now();
    let inputs = bus.questions().list().kind(QuestionKind::Input).await;
    let none = whole(begun);
    assert!(inputs.expect("memory does not fail").is_empty());
    let begun = Instant::now();
    for question in &opened {
        bus.questions().approve(question.id()).by(&ada).await.expect("it is open");
    }
    let answer = each(begun);
    for question in opened {
        assert!(question.wait().await.expect("it was answered").is_approved());
    }
    println!("| {questions} | {open} | {bytes:.0} B | {list} | {none} | {answer} |");
}

/// Measures fewer questions as well, to see what grows. The memory is that of the first row: the others take what it has
/// freed.
pub(crate) fn table() {
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
    println!("\n### Open questions, in memory\n");
    println!(
        "| questions | open each | memory of each | list all | list those of another kind | answer each |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    for questions in [10_000, 1_000, 100] {
        runtime.block_on(row(questions));
    }
}
