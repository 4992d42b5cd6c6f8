//! Nodes are as public as they are declared.

mod private {
    use atoms::agent::events::UserJoined;
    use atoms::prelude::*;

    #[derive(Default)]
    struct Private;

    #[event(type = "nodes.private")]
    struct Note;

    #[node]
    impl Private {
        #[handler]
        fn note(&mut self, _: &UserJoined, out: Emitter<Note>) {
            drop(out.emit(Note));
        }

        #[handler]
        fn read(&mut self, _: Note) {}
    }
}

pub(crate) mod public {
    use atoms::agent::events::{Init, LlmRequest, UserJoined};
    use atoms::prelude::*;
    use futures_util::{Stream, stream};

    #[event(type = "nodes.public")]
    pub(crate) struct Note;

    #[derive(Default)]
    pub(in crate::nodes) struct Restricted;

    /// Who can name the node need not be able to name its events.
    #[event(type = "nodes.secret")]
    struct Secret;

    #[node(background)]
    impl Restricted {
        #[handler]
        fn note(&mut self, _: &Note, _: State<String>) -> Secret {
            Secret
        }
    }

    #[derive(Default)]
    pub(in crate::nodes) struct Last;

    #[node]
    impl Last {
        #[handler]
        fn read(&mut self, _: Secret) {}
    }

    pub(crate) struct OfTheCrate;

    #[node(output)]
    impl OfTheCrate {
        #[factory]
        fn new(_: &Init, _: State<String>) -> Self {
            Self
        }

        #[started]
        fn begin(&mut self, _: Session) {}

        #[handler]
        fn greet(&mut self, _: &UserJoined) -> Note {
            Note
        }

        #[respond]
        fn answer(&mut self, _: &LlmRequest, _: Conversation) -> impl Stream<Item = String> + use<> {
            stream::empty()
        }

        #[stopped]
        fn end(&mut self) {}
    }
}

atoms::graph! {
    #[derive(Debug, PartialEq, Default)]
    struct Public {
        public::OfTheCrate -> public::Restricted -> public::Last,
    }
}

#[test]
fn a_graph_has_nodes_of_other_modules() {
    assert!(Public::mermaid().contains("OfTheCrate"), "{}", Public::mermaid());
}
