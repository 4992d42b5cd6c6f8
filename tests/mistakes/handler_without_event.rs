use atoms::prelude::*;

#[handler]
fn nothing() {}

struct Plain;

#[handler]
fn plain(_: &Plain) {}

#[handler]
async fn by_value(_: Plain) {}

#[handler]
fn in_envelope(_: &Envelope<Plain>) {}

struct Service;

impl Service {
    #[handler]
    fn method(&mut self, _: &Plain) {}
}

fn main() {}
