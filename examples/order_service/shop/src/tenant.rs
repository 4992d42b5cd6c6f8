//! Whose shop it is.

use atoms::{Delivery, ExtractError, FromDelivery, Metadata, PrepareError, StartContext};

/// The shop that an event belongs to. Handlers take it as a parameter. All that follows from an event belongs to the same
/// shop, on a bus that inherits [`Tenant::KEY`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant(pub String);

impl Tenant {
    /// The key of the metadata.
    pub const KEY: &'static str = "tenant";

    /// Returns the metadata of an event of this shop.
    pub fn metadata(&self) -> Metadata {
        Metadata::from_iter([(Self::KEY, self.0.as_str())])
    }
}

impl FromDelivery for Tenant {
    type Prepared = ();

    fn prepare(_: &StartContext<'_>) -> Result<(), PrepareError> {
        Ok(())
    }

    fn from_delivery((): &(), delivery: &Delivery<'_>) -> Result<Self, ExtractError> {
        let tenant = delivery.metadata().get(Self::KEY).and_then(|tenant| tenant.as_str());
        let tenant = tenant.ok_or_else(|| ExtractError::missing("the event belongs to no shop"))?;
        Ok(Self(tenant.to_owned()))
    }
}
