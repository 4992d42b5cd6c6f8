//! Emitting events that are put together at run time.

use crate::engine::receipt::Receipt;
use crate::engine::{Bus, scope};
use crate::wire::{DynamicError, DynamicEvent};

impl Bus {
    /// Emits an event that is put together at run time, as [`emit_any`](Self::emit_any) does.
    ///
    /// If this bus knows the type, the arguments are checked against the event's struct, and the handlers get that
    /// struct. Otherwise the event goes to the handlers of every event, as a [`RawEvent`](crate::RawEvent).
    ///
    /// If the arguments do not match the struct, [`EventInvalid`](crate::EventInvalid) is emitted as well, if anything
    /// takes it. The linker does not ask for a handler of a `must_handle` event that is emitted in this way.
    ///
    /// ```
    /// use atoms::{Bus, DynamicEvent, event, handler};
    ///
    /// #[event(type = "shop.booking.initiated")]
    /// struct BookingInitiated {
    ///     party_size: u32,
    /// }
    ///
    /// #[handler]
    /// fn reserve(booking: &BookingInitiated) {
    ///     println!("a table for {}", booking.party_size);
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let bus = Bus::builder().without_discovery().handler::<reserve>().start()?;
    /// let event = DynamicEvent::new("shop.booking.initiated").with("party_size", 4);
    /// bus.emit_dynamic(event).await?.into_result()?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn emit_dynamic(&self, mut event: DynamicEvent) -> Result<Receipt, DynamicError> {
        // Before it becomes an event: the frame of one that nobody knows here is not changed any more.
        scope::with_current(|parent| event.follow(parent, &self.0.inherited));
        match event.into_event(self.registry()) {
            Ok(event) => Ok(self.emit_any(&event).await),
            Err(error) => {
                if let DynamicError::Decode(error) = &error {
                    self.tell_of(error).await;
                }
                Err(error)
            }
        }
    }
}
