//! Macros of the program's own, which have the attributes in them.

use atoms::prelude::*;

macro_rules! made {
    ($event:ident = $type:literal, $request:ident = $asked:literal, $set:ident, $handler:ident, $answer:ident, $tool:ident, $hook:ident) => {
        #[event(type = $type, from(client))]
        pub(super) struct $event {
            pub(super) count: u64,
        }

        #[request(type = $asked, reply = u64)]
        struct $request {}

        #[event_set]
        enum $set {
            Only($event),
        }

        #[handler]
        fn $handler(event: &$set) {
            let $set::Only(event) = event;
            assert_eq!(event.count, 1);
        }

        #[handler]
        async fn $answer(_: &$request, context: Context) -> u64 {
            drop(context);
            std::future::ready(1).await
        }

        /// Doubles.
        #[tool]
        fn $tool(count: u64) -> u64 {
            count * 2
        }

        #[hook(before)]
        fn $hook(call: &mut Call<$tool>) -> Verdict<$tool> {
            call.args.count += 1;
            Verdict::Allow
        }
    };
}

made!(Made = "quiet.made", GetMade = "quiet.made.get", MadeSet, see, answer, double_made, look);

#[derive(Default)]
struct First;

#[derive(Default)]
struct Second;

macro_rules! nodes {
    ($graph:ident: $($node:ident $method:ident),* => $first:ident -> $second:ident) => {
        $(
            #[node]
            impl $node {
                #[handler]
                fn $method(&mut self, made: &Made) {
                    assert_eq!(made.count, 1);
                }
            }
        )*

        graph! {
            struct $graph {
                $first -> $second,
            }
        }
    };
}

nodes!(Nodes: First first, Second second => First -> Second);

pub(super) fn edges() -> usize {
    Nodes::graph().edges().len()
}
