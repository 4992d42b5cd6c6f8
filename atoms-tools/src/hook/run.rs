//! Hooks as a bus runs them: bound to what their parameters need, and of one type for each stage.

use std::any::Any;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use atoms_runtime::{Delivery, ExtractError, HandlerError, Params, PrepareError, StartContext};

use super::{AfterInput, Answers, AsyncHook, BeforeInput, NoAnswer, SyncHook};

/// What a hook answers, or why it does not.
pub(crate) type Answered<A> = Result<A, HandlerError>;

/// A hook that takes an `I`, and answers an `A`.
pub(crate) trait RunHook<I, A>: Send + Sync {
    /// Extracts its parameters, and calls it.
    fn run<'a>(&'a self, input: &'a mut I, delivery: &Delivery<'_>) -> Result<Running<'a, A>, ExtractError>;
}

/// A hook that was called.
pub(crate) enum Running<'a, A> {
    /// It is done already.
    Ready(Answered<A>),
    /// It has to be waited for.
    Pending(Pin<Box<dyn Future<Output = Answered<A>> + Send + 'a>>),
}

/// A hook that is ready to run: an `Arc<dyn RunHook<I, A>>` of its input and answer.
pub(crate) type BoundHook = Box<dyn Any + Send + Sync>;

/// How a hook is made ready to run.
pub type Bind = fn(&StartContext<'_>) -> Result<Box<dyn Any + Send + Sync>, Vec<PrepareError>>;

struct Bound<H, P: Params, Answer> {
    prepared: P::Prepared,
    hook: PhantomData<fn(H) -> Answer>,
}

/// How what the function returns becomes its answer.
trait Read<Output>: 'static {
    type Answer: Send + 'static;

    fn read(output: Output) -> Answered<Self::Answer>;
}

/// That of a hook that takes an `I`, and decides.
struct Decides<I>(PhantomData<fn(I)>);

/// That of a hook that does not.
struct Sees;

impl<I: BeforeInput<Verdict: 'static>, O: Answers<I>> Read<O> for Decides<I> {
    type Answer = I::Verdict;

    #[inline]
    fn read(output: O) -> Answered<I::Verdict> {
        output.into_verdict()
    }
}

impl<O: NoAnswer> Read<O> for Sees {
    type Answer = ();

    #[inline]
    fn read(output: O) -> Answered<()> {
        output.into_result()
    }
}

/// A [`SyncHook`].
struct IsSync<H>(PhantomData<fn(H)>);

/// An [`AsyncHook`].
struct IsAsync<H>(PhantomData<fn(H)>);

impl<H: SyncHook, R: Read<H::Output>> RunHook<H::Input, R::Answer> for Bound<IsSync<H>, H::Params, R> {
    fn run<'a>(
        &'a self,
        input: &'a mut H::Input,
        delivery: &Delivery<'_>,
    ) -> Result<Running<'a, R::Answer>, ExtractError> {
        let params = H::Params::from_delivery(&self.prepared, delivery)?;
        Ok(Running::Ready(R::read(H::call(input, params))))
    }
}

impl<H: AsyncHook, R: Read<H::Output>> RunHook<H::Input, R::Answer> for Bound<IsAsync<H>, H::Params, R> {
    fn run<'a>(
        &'a self,
        input: &'a mut H::Input,
        delivery: &Delivery<'_>,
    ) -> Result<Running<'a, R::Answer>, ExtractError> {
        let params = H::Params::from_delivery(&self.prepared, delivery)?;
        Ok(Running::Pending(Box::pin(async move { R::read(H::call(input, params).await) })))
    }
}

fn bound<H: 'static, P: Params, R: 'static, I: 'static, A: 'static>(
    start: &StartContext<'_>,
) -> Result<BoundHook, Vec<PrepareError>>
where
    Bound<H, P, R>: RunHook<I, A> + 'static,
{
    let bound: Arc<dyn RunHook<I, A>> =
        Arc::new(Bound::<H, P, R> { prepared: P::prepare(start)?, hook: PhantomData });
    Ok(Box::new(bound))
}

/// For each stage, how a hook of it is bound: a sync one, and an async one.
macro_rules! stages {
    ($($(#[$doc:meta])* $stage:ident: $input:ident, $output:path, $read:ty;)*) => {$(
        $(#[$doc])*
        pub mod $stage {
            use super::*;

            /// Binds a [`SyncHook`].
            pub const fn sync<H: SyncHook<Input: $input>>() -> Bind
            where
                H::Output: $output,
            {
                bound::<IsSync<H>, H::Params, $read, H::Input, _>
            }

            /// Binds an [`AsyncHook`].
            pub const fn asynchronous<H: AsyncHook<Input: $input>>() -> Bind
            where
                H::Output: $output,
            {
                bound::<IsAsync<H>, H::Params, $read, H::Input, _>
            }
        }
    )*};
}

stages! {
    /// Hooks before a call.
    before: BeforeInput, Answers<H::Input>, Decides<H::Input>;
    /// Hooks after a call.
    after: AfterInput, NoAnswer, Sees;
    /// Hooks before a call that are not waited for.
    before_detached: BeforeInput, NoAnswer, Sees;
    /// Hooks after a call that are not waited for.
    after_detached: AfterInput, NoAnswer, Sees;
}
