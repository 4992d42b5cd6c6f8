//! Makes nodes: by their `#[factory]`, or by `Default`.

use std::marker::PhantomData;

use atoms_runtime::{Dispatch, HandlerError, HandlerInfo, Params};

use crate::events::Init;

/// How the node `N` is made: by its `#[factory]`, or by `Default`.
pub trait Factory<N: 'static>: 'static {
    /// What it takes behind the [`Init`].
    type Params: Params;

    /// Makes the node.
    fn make<'a>(
        init: &'a Init,
        prepared: &'a <Self::Params as Params>::Prepared,
        dispatch: &'a Dispatch<'a>,
    ) -> impl Future<Output = Result<N, HandlerError>> + Send + 'a;
}

/// A `#[factory]` of the node `N`.
pub trait FactoryMethod<N>: 'static {
    /// What it takes behind the [`Init`].
    type Params: Params;
    /// The type that it returns, when awaited if it is `async`.
    type Output: Made<N> + Send;

    /// What is known of it.
    fn info() -> &'static HandlerInfo;

    /// Calls it.
    fn call<'a>(
        init: &'a Init,
        params: <Self::Params as Params>::Values,
    ) -> impl Future<Output = Self::Output> + Send + 'a;
}

/// A [`FactoryMethod`] as a [`Factory`].
#[derive(Debug)]
pub struct MadeBy<F>(PhantomData<fn(F)>);

impl<N: 'static, F: FactoryMethod<N>> Factory<N> for MadeBy<F> {
    type Params = F::Params;

    async fn make<'a>(
        init: &'a Init,
        prepared: &'a <F::Params as Params>::Prepared,
        dispatch: &'a Dispatch<'a>,
    ) -> Result<N, HandlerError> {
        let params = F::Params::from_delivery(prepared, &dispatch.delivery(F::info))?;
        F::call(init, params).await.made()
    }
}

/// The factory of a node that has none of its own.
#[derive(Debug)]
pub struct MadeByDefault;

impl<N: ByDefault + 'static> Factory<N> for MadeByDefault {
    type Params = ();

    async fn make<'a>(_: &'a Init, (): &'a (), _: &'a Dispatch<'a>) -> Result<N, HandlerError> {
        Ok(N::by_default())
    }
}

/// Describes a [`FactoryMethod`] with these parameters, which stands in this place of the program's source.
pub const fn describe_factory<F: 'static, P: Params>(
    path: &'static str,
    file: &'static str,
    line: u32,
) -> HandlerInfo {
    HandlerInfo::method::<Init, P>(path, file, line, P::EMITS, false)
}

/// What a `#[factory]` may return: the node, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "the factory of the node `{N}` cannot return `{Self}`",
    label = "not the node",
    note = "return `Self`, or a `Result` of it with an error type or text as its error"
)]
pub trait Made<N> {
    /// The node, or why there is none.
    fn made(self) -> Result<N, HandlerError>;
}

#[diagnostic::do_not_recommend]
impl<N> Made<N> for N {
    fn made(self) -> Result<N, HandlerError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<N, E: Into<HandlerError>> Made<N> for Result<N, E> {
    fn made(self) -> Result<N, HandlerError> {
        self.map_err(Into::into)
    }
}

/// A node that needs no `#[factory]`.
#[diagnostic::on_unimplemented(
    message = "the node `{Self}` has no constructor",
    label = "has neither `Default` nor a factory",
    note = "derive `Default` for `{Self}`, or write a factory in its `#[node]` block: `#[factory] fn new(init: &Init) -> Self`"
)]
pub trait ByDefault: Sized {
    /// The node.
    fn by_default() -> Self;
}

#[diagnostic::do_not_recommend]
impl<N: Default> ByDefault for N {
    fn by_default() -> Self {
        N::default()
    }
}
