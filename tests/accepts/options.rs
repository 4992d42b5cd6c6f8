//! The options of `#[handler]`, wherever one may write them: the registry says what was given.

use std::time::Duration;

use atoms::prelude::*;
use atoms::{Backoff, Handler, HandlerInfo, Retry};

#[event(type = "options.created")]
pub(crate) struct Created {
    cents: u64,
}

impl Created {
    fn is_large(&self) -> bool {
        self.cents > 1_000
    }
}

fn info<H: Handler>() -> &'static HandlerInfo {
    H::info()
}

/// What `retry` says, as one text.
fn said(retry: Retry) -> String {
    let (delay, max_delay) = (retry.delay(), retry.max_delay());
    format!("{} {:?} {delay:?} {max_delay:?} {}", retry.attempts(), retry.backoff(), retry.jitter())
}

mod given {
    use super::*;

    #[handler(
        retry(attempts = 5, backoff = "fixed", delay = "1m 30s", jitter),
        timeout = "2s",
        concurrency = 4,
        when = Created::is_large,
        detached,
        order = 3
    )]
    pub(super) async fn all(_: &Created) -> Result<(), String> {
        Ok(())
    }

    #[handler(retry)]
    pub(super) async fn defaults(_: &Created) -> Result<(), String> {
        Ok(())
    }

    #[handler]
    pub(super) fn none(_: &Created) {}
}

#[test]
fn what_is_given_is_in_the_registry() {
    let all = info::<given::all>();
    assert_eq!(said(all.retry().unwrap()), "5 Fixed 90s 90s true");
    assert_eq!(all.timeout(), Some(Duration::from_secs(2)));
    assert_eq!(all.concurrency(), Some(4));
    assert!(all.is_detached());
    assert_eq!(all.order(), 3);
    assert_eq!(all.pattern(), None);

    assert_eq!(said(info::<given::defaults>().retry().unwrap()), "3 Exponential 100ms 30s false");
    assert_eq!(info::<given::defaults>().retry().unwrap().backoff(), Backoff::Exponential);

    let none = info::<given::none>();
    assert!(none.retry().is_none() && none.timeout().is_none() && none.concurrency().is_none());
    assert!(!none.is_detached());
}

mod waiting {
    use super::*;

    #[handler(retry)]
    pub(super) fn retried(_: Created, _: Context, _: Emitter<Created>) -> Result<Option<Created>, String> {
        Ok(None)
    }

    #[handler(concurrency = 1)]
    pub(super) fn one_by_one(_: &Created) {}

    #[handler(detached)]
    pub(super) fn beside(_: &Envelope<Created>) {}

    #[handler(when = Created::is_large)]
    pub(super) fn chosen(_: &Created) {}
}

#[test]
fn a_function_that_may_have_to_wait_runs_among_the_async_ones() {
    assert!(info::<waiting::retried>().is_async());
    assert!(info::<waiting::one_by_one>().is_async());
    assert!(info::<waiting::beside>().is_async());
    assert!(!info::<waiting::chosen>().is_async());
    assert_eq!(info::<waiting::retried>().emits(), [Created::event_type()]);
}

mod patterns {
    use super::*;

    #[handler(pattern = "options.*", when = is_known)]
    pub(super) fn some(_: &AnyEvent) {}

    #[handler(pattern = "**")]
    pub(super) async fn all(_: AnyEvent) {}

    #[handler]
    pub(super) fn every(_: &AnyEvent) {}

    #[handler]
    pub(super) fn one(_: &Envelope<Created>) {}

    fn is_known(event: &AnyEvent) -> bool {
        event.known_type().is_some()
    }
}

#[test]
fn a_pattern_says_which_events_a_handler_takes() {
    let some = info::<patterns::some>();
    assert_eq!(some.pattern(), Some("options.*"));
    assert!(some.takes("options.created"));
    assert!(!some.takes("options.created.twice"));
    assert!(!some.takes("other.created"));
    for all in [info::<patterns::all>(), info::<patterns::every>()] {
        assert!(all.takes("options.created") && all.takes("other"));
    }
    assert!(info::<patterns::one>().takes("options.created"));
    assert!(!info::<patterns::one>().takes("options.deleted"));
}

/// Each kind of error that a handler may return.
mod errors {
    use std::error::Error;
    use std::fmt;

    use atoms::Retryable;

    use super::*;

    #[derive(Debug)]
    enum Private {
        Never,
    }

    #[derive(Debug)]
    pub(super) struct Plain;

    pub(super) fn fails(created: &Created) -> bool {
        own(created).is_err() && plain(created).is_err()
    }

    impl fmt::Display for Private {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("private")
        }
    }

    impl fmt::Display for Plain {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("plain")
        }
    }

    impl Error for Private {}

    impl Error for Plain {}

    impl Retryable for Private {
        fn is_retryable(&self) -> bool {
            match self {
                Self::Never => false,
            }
        }
    }

    type Boxed = Box<dyn Error + Send + Sync>;
    type Outcome<T = ()> = Result<T, Plain>;

    #[handler(retry(attempts = 2))]
    #[allow(private_interfaces)]
    pub(super) fn own(_: &Created) -> Result<(), Private> {
        Err(Private::Never)
    }

    #[handler(retry(attempts = 3))]
    pub(super) fn plain(_: &Created) -> Outcome {
        Err(Plain)
    }

    #[handler(retry(attempts = 4))]
    pub(super) async fn boxed(_: &Created) -> Result<Vec<Created>, Boxed> {
        Ok(vec![])
    }

    #[handler(retry(attempts = 5))]
    pub(super) async fn text(_: &Created) -> Result<Created, &'static str> {
        Err("text")
    }

    #[handler(retry(attempts = 6))]
    pub(super) async fn io(_: &Created) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn any_error_may_be_tried_again() {
    let attempts = [
        info::<errors::own>(),
        info::<errors::plain>(),
        info::<errors::boxed>(),
        info::<errors::text>(),
        info::<errors::io>(),
    ]
    .map(|info| info.retry().unwrap().attempts());
    assert_eq!(attempts, [2, 3, 4, 5, 6]);
    assert!(errors::fails(&Created { cents: 1 }));
}

mod made_by_a_macro {
    use super::*;

    macro_rules! handlers {
        ($($name:ident, $attempts:literal, $timeout:literal, $when:path, $root:path;)*) => {
            $(
                #[handler(retry(attempts = $attempts, max_delay = $timeout), timeout = $timeout, when = $when, crate = $root)]
                pub(super) async fn $name(_: &Created) -> Result<(), String> {
                    Ok(())
                }
            )*
        };
    }

    fn always<T>(_: &T) -> bool {
        true
    }

    pub(super) fn never<const LIMIT: u64>(created: &Created) -> bool {
        created.cents > LIMIT && !always(created)
    }

    handlers! {
        by_its_path, 2, "1h", always, ::atoms;
        by_an_associated_function, 7, "1s", Created::is_large, crate::made_by_macros::re_exported::atoms;
        by_an_instance, 8, "1s", never::<5>, atoms;
    }
}

#[test]
fn a_macro_may_write_the_options() {
    assert_eq!(
        said(info::<made_by_a_macro::by_its_path>().retry().unwrap()),
        "2 Exponential 100ms 3600s false"
    );
    assert_eq!(info::<made_by_a_macro::by_an_associated_function>().timeout(), Some(Duration::from_secs(1)));
    assert_eq!(info::<made_by_a_macro::by_an_instance>().retry().unwrap().attempts(), 8);
}

#[test]
fn a_handler_with_options_may_stand_in_a_function() {
    fn input(local: &Created) -> bool {
        local.is_large()
    }

    #[handler(retry, when = input, concurrency = 2)]
    fn when(created: &Created) -> Result<(), String> {
        if input(created) { Err("too large".into()) } else { Ok(()) }
    }

    assert!(when(&Created { cents: 2_000 }).is_err());
    assert_eq!(info::<when>().concurrency(), Some(2));
}
