//! Handlers that are associated functions, of which one has `self`. rustc takes what stands for a function as a struct.

use atoms::prelude::*;
use atoms::tools::{ToolCall, Verdict};

#[event(type = "shop.order.created")]
struct OrderCreated {}

struct Shop;

impl Shop {
    #[handler]
    fn confirm(_: &OrderCreated) {}

    #[handler]
    async fn mail(&self, _: &OrderCreated) {}

    #[hook(before)]
    pub fn look(_: &mut ToolCall) -> Verdict {
        Verdict::Allow
    }
}

fn main() {
    Shop::confirm(&OrderCreated {});
}
