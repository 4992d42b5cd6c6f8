//! Who a client is.

use std::collections::HashMap;

use atoms::server::{Parts, StatusCode};

/// A customer, as the application knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub id: String,
    pub name: String,
}

/// The customers by their tokens. A program asks its database.
#[derive(Debug)]
pub struct Customers(HashMap<String, Customer>);

impl Default for Customers {
    fn default() -> Self {
        let customer = |id: &str, name: &str| Customer { id: id.into(), name: name.into() };
        Self(HashMap::from([
            ("Bearer ada-token".into(), customer("ada", "Ada")),
            ("Bearer bob-token".into(), customer("bob", "Bob")),
        ]))
    }
}

impl Customers {
    /// Returns the customer whose token is in the head of the request.
    pub async fn of(&self, head: &Parts) -> Result<Customer, StatusCode> {
        let token = head.headers.get("authorization").and_then(|token| token.to_str().ok());
        let customer = token.and_then(|token| self.0.get(token));
        customer.cloned().ok_or(StatusCode::UNAUTHORIZED)
    }
}
