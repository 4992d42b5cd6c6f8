//! The `#[respond]` of output nodes, whose stream of text becomes a response.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use atoms_runtime::{HandlerError, HandlerInfo, Input, Params};
use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use super::method::IsPassedOn;

/// A `#[respond]` of the node `N`.
pub trait Respond<N>: 'static {
    /// The type of the event that it answers, without its `&`.
    type Input: Input<Kind: IsPassedOn<Self::Input>>;
    /// The further parameters.
    type Params: Params;

    /// Whether the node does not pass the event on.
    const CONSUMES: bool;

    /// Whether it may return no stream, and then says nothing. Its response begins when there is a stream, and otherwise
    /// before it is called.
    const MAY_BE_SILENT: bool;

    /// What is known of it.
    fn info() -> &'static HandlerInfo;

    /// Calls it, and gives each text to `say`.
    fn call<'a>(
        node: &'a mut N,
        input: &'a Self::Input,
        params: <Self::Params as Params>::Values,
        say: Say<'a>,
    ) -> impl Future<Output = Result<(), HandlerError>> + Send + 'a;
}

/// A response that is given.
pub(crate) trait Response: Send {
    /// Begins it, if it has not begun.
    fn begin(&mut self);

    /// Sends a text.
    fn say(&mut self, text: String);

    /// Waits for room for the next one.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// Where the texts of a response go.
pub struct Say<'a>(pub(crate) &'a mut dyn Response);

impl<'a> Say<'a> {
    /// Begins the response, and sends each text of the stream to its end, or to its first error.
    ///
    /// The future is boxed, so that rustc tells of a wrong stream once: its type does not depend on it.
    pub fn all<S: Texts + 'a>(self, texts: S) -> BoxFuture<'a, Result<(), HandlerError>> {
        Box::pin(async move {
            self.0.begin();
            let mut texts = pin!(texts.texts());
            while let Some(text) = texts.next().await {
                self.0.say(text.text()?);
                poll_fn(|cx| self.0.poll_room(cx)).await;
            }
            Ok(())
        })
    }
}

impl fmt::Debug for Say<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Say").finish_non_exhaustive()
    }
}

/// What a `#[respond]` returns: a stream of [`Text`]s, here without the `Option` and the `Result` around it.
#[diagnostic::on_unimplemented(
    message = "a response is a stream of text, and `{Self}` is not",
    label = "not a stream of `String`, or of `Result<String, _>`",
    note = "return `impl Stream<Item = String> + use<>`, or `impl Stream<Item = Result<String, E>> + use<>` with an error type or text as its error; the stream is `Send`",
    note = "for a text that is there at once, return `futures_util::stream::iter([text])`"
)]
pub trait Texts: Send {
    /// The stream.
    fn texts(self) -> impl Stream<Item: Text> + Send;
}

#[diagnostic::do_not_recommend]
impl<S: Stream<Item: Text> + Send> Texts for S {
    fn texts(self) -> impl Stream<Item: Text> + Send {
        self
    }
}

/// What the stream of a `#[respond]` is made of: text, or a `Result` of it.
pub trait Text: Send {
    /// The text, or why there is none.
    fn text(self) -> Result<String, HandlerError>;
}

#[diagnostic::do_not_recommend]
impl Text for String {
    fn text(self) -> Result<String, HandlerError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl Text for &str {
    fn text(self) -> Result<String, HandlerError> {
        Ok(self.to_owned())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Text, E: Into<HandlerError> + Send> Text for Result<T, E> {
    fn text(self) -> Result<String, HandlerError> {
        self.map_err(Into::into)?.text()
    }
}

/// Describes a [`Respond`], which stands in this place of the program's source.
pub const fn describe_respond<N, R: Respond<N>>(
    path: &'static str,
    file: &'static str,
    line: u32,
) -> HandlerInfo {
    HandlerInfo::method::<R::Input, R::Params>(path, file, line, <R::Params as Params>::EMITS, false)
}
