//! A library with unit tests, which use another crate that depends on this one.

use atoms::prelude::*;

/// Must be handled.
#[event(type = "unit.created", must_handle)]
pub struct Created {}

/// Makes one.
pub fn created() -> Created {
    Created {}
}

/// Answered here, and so in both of the crates that this one is when it is unit tested.
#[request(type = "unit.answered", reply = u64)]
pub struct Answered {}

#[handler]
fn answer(_: &Answered) -> u64 {
    7
}

#[cfg(test)]
mod tests {
    use super::*;
    use atoms::Refusal;

    #[event(type = "unit.tested", must_handle)]
    struct Tested {}

    #[handler]
    fn check(_: &Tested) {}

    #[test]
    fn a_unit_test_needs_no_handler() {
        let bus = Bus::builder().without_discovery().start().unwrap();
        let receipt = run::run(bus.emit(created()));
        assert_eq!(receipt.refusal(), Some(&Refusal::Unhandled));
    }

    #[test]
    fn a_unit_test_has_its_own_events() {
        let bus = Bus::builder().without_discovery().handler::<check>().start().unwrap();
        run::run(bus.emit(Tested {})).into_result().unwrap();
    }

    #[test]
    fn a_unit_test_may_ask_requests() {
        let bus = Bus::builder().without_discovery().handler::<answer>().start().unwrap();
        assert_eq!(run::run(bus.request(Answered {})).unwrap(), 7);
        assert_eq!(unit_tested_helper::ask(), 7);
    }

    /// One that another crate defines, which is there once.
    #[handler]
    fn answer_another(_: &unit_tested_helper::Asked) -> u64 {
        8
    }

    #[test]
    fn the_crate_is_there_twice() {
        // The helper is built with this crate as it is without `cfg(test)`.
        assert!(unit_tested_helper::handles(&unit_tested_helper::unit_tested::created()));
        let error = Bus::start().unwrap_err().to_string();
        assert!(
            error.contains("the event `unit.created` is there twice, because its crate is linked twice"),
            "{error}"
        );
    }
}
