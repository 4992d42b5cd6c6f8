//! Passes: it has a handler, which it names.

atoms::verify!(atoms::Bus::builder().without_discovery().handler::<verified::take>());
