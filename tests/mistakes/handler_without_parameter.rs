use atoms::prelude::*;

#[handler]
fn confirm() {}

#[handler]
pub async fn pack() {}

fn main() {}
