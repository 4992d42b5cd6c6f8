//! How questions are opened, named and listed.

use atoms::control::{OpenError, QuestionId, QuestionKind, QuestionRef};
use atoms::prelude::*;

use crate::{ada, approved, open_ids, plan, started};

#[tokio::test]
async fn a_name_is_that_of_one_open_question() {
    let bus = started();
    let first = bus.questions().open(plan()).await.unwrap();
    let error = bus.questions().open(plan()).await.unwrap_err();
    assert!(matches!(&error, OpenError::NameTaken { id, .. } if *id == first.id()));
    assert_eq!(
        error.to_string(),
        format!(
            "the open question {} is called `plan-review` as well: wait for that one, ask with its id (`with_id`), or give this one another name",
            first.id()
        )
    );
    bus.questions().approve("plan-review").by(&ada()).await.unwrap();
    let second = bus.questions().open(plan()).await.unwrap();
    assert_ne!(first.id(), second.id());
    assert_eq!(bus.questions().get("plan-review").await.unwrap().unwrap().id, second.id());
    assert_eq!(first.wait().await.unwrap(), approved());
}

#[tokio::test]
async fn what_is_no_name_is_refused() {
    let bus = started();
    for (name, why) in [
        ("", "it is empty"),
        ("a\nb", "it has a control character, or one that begins a line or changes the direction"),
        ("0198c0de-0000-7000-8000-000000000000", "it looks like an id"),
        (&*"x".repeat(129), "it has 129 bytes, and the limit is 128"),
    ] {
        let error = bus.questions().open(Checkpoint::new(name)).await.unwrap_err().to_string();
        assert!(error.starts_with("the question cannot be asked: `") && error.ends_with(why), "{error}");
        let error = bus.questions().open(Approval::unnamed().role(name)).await.unwrap_err().to_string();
        assert!(error.contains("cannot be a role"), "{error}");
    }
    assert_eq!(bus.questions().count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_question_is_opened_once_for_each_id() {
    let bus = started();
    let id = QuestionId::generate();
    let ask = || Input::<u32>::new("number").with_id(id);
    assert_eq!(bus.questions().open(ask()).await.unwrap().id(), id);
    let again = bus.questions().open(ask()).await.unwrap();
    assert_eq!(open_ids(bus.questions()).await, [id]);
    bus.questions().answer(id, 3).by(&ada()).await.unwrap();
    assert_eq!(again.wait().await.unwrap(), 3);
    assert_eq!(bus.questions().ask(ask()).await.unwrap(), 3, "it has an answer already");
}

#[tokio::test]
async fn questions_are_listed_by_kind_and_session() {
    let bus = started();
    let first = bus.questions().open(plan().session("s-1")).await.unwrap();
    let second = bus.questions().open(Approval::unnamed().session("s-2")).await.unwrap();
    let third = bus.questions().open(Input::<String>::unnamed()).await.unwrap();
    let ids = [first.id(), second.id(), third.id()];
    assert_eq!(open_ids(bus.questions()).await, ids);
    let of_kind = bus.questions().list().kind(QuestionKind::Approval).await.unwrap();
    assert_eq!((of_kind.len(), of_kind[0].id, &*of_kind[0].title), (1, ids[1], "approval"));
    let of_session = bus.questions().list().session("s-1").await.unwrap();
    assert_eq!((of_session.len(), of_session[0].id), (1, ids[0]));
    let page = bus.questions().list().page(Some(ids[0]), 1).await.unwrap();
    assert_eq!((page.len(), page[0].id), (1, ids[1]));
    let many: Vec<_> = (0..300).map(|_| Checkpoint::unnamed()).collect();
    for ask in many {
        bus.questions().open(ask).await.unwrap();
    }
    assert_eq!(open_ids(bus.questions()).await.len(), 303, "a list is as long as there are questions");
}

#[test]
fn a_text_is_an_id_or_a_name() {
    let id = QuestionId::generate();
    assert_eq!(QuestionRef::from(id.to_string()), QuestionRef::Id(id));
    assert_eq!(QuestionRef::from("plan-review"), QuestionRef::Name("plan-review".into()));
    let error = "plan".parse::<QuestionId>().unwrap_err().to_string();
    assert_eq!(error, "`plan` is not the id of a question, which is a UUID");
}
