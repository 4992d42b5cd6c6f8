//! Has a tool, under another name of `atoms` and in the edition 2021.

use signals::prelude::*;

/// Pays money back.
#[tool(name = "pay-back", crate = signals)]
pub fn refund(
    /// How much.
    cents: u64,
    #[tool(default = String::from("euro"))] currency: String,
) -> String {
    format!("{cents} {currency}")
}

/// At most 100.
#[hook(before, crate = signals)]
pub fn limit(call: &mut Call<refund>) -> Verdict<refund> {
    if call.args.cents > 100 {
        Verdict::deny("too much")
    } else {
        Verdict::Allow
    }
}
