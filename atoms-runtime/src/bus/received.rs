//! Posting what is received.

use crate::engine::Bus;
use crate::engine::receipt::Duplicate;
use crate::queue::{Post, PostError};
use crate::wire::DecodeError;

/// Why a frame was not posted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The frame could not be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The event was not posted. It is posted if the frame is received again.
    #[error(transparent)]
    Post(#[from] PostError),
}

impl Bus {
    /// Reads a frame as [`receive`](Self::receive) does, and posts the event in it: `how` sets its priority and its key, if
    /// that is not the event's own.
    ///
    /// On a bus that [receives once](crate::BusBuilder::receive_once), a second event of an id is not posted, and the
    /// [`Duplicate`] says what has become of the first: [`Handled`](Duplicate::Handled) if that is posted, and
    /// [`UnderWay`](Duplicate::UnderWay) if it waits for room, and may still fail. `receive` and this share one window.
    ///
    /// ```
    /// # use atoms::{Bus, Duplicate, ReceiveWindow, event, handler};
    /// #[event(type = "shop.order.paid")]
    /// struct OrderPaid {
    ///     order_id: String,
    /// }
    ///
    /// # #[handler]
    /// # fn bill(_: &OrderPaid) {}
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let builder = Bus::builder().without_discovery().handler::<bill>();
    /// let bus = builder.receive_once(ReceiveWindow::new()).start()?;
    /// let frame = br#"{"type": "shop.order.paid", "id": "evt-1", "order_id": "o-1"}"#;
    /// // The broker says which messages are to be handled one after the other.
    /// let partition = "eu-7";
    /// match bus.receive_posted(frame, |post| post.key(partition)).await? {
    ///     None | Some(Duplicate::Handled) => println!("to be confirmed"),
    ///     Some(Duplicate::UnderWay) => println!("not yet"),
    /// }
    /// assert_eq!(bus.receive_posted(frame, |post| post).await?, Some(Duplicate::Handled));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn receive_posted<'a>(
        &'a self,
        frame: &[u8],
        how: impl FnOnce(Post<'a>) -> Post<'a> + Send,
    ) -> Result<Option<Duplicate>, ReceiveError> {
        let event = match self.decode(frame) {
            Ok(event) => event,
            Err(error) => {
                self.tell_of(&error).await;
                return Err(error.into());
            }
        };
        let window = self.0.received.as_ref().zip(event.head().known_id());
        let begun = match window.map(|(received, id)| received.begin(id)).transpose() {
            Ok(begun) => begun,
            Err(duplicate) => return Ok(Some(duplicate)),
        };
        how(self.post_any(event)).await?;
        if let Some(begun) = begun {
            begun.handled();
        }
        Ok(None)
    }
}
