//! Fails: there is no handler on the bus.

atoms::verify!(atoms::Bus::builder().without_discovery().event::<verified::Happened>());
