//! What the desk remembers of a customer.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use atoms::HandlerError;
use atoms::agent::{Opening, SessionEnd};
use atoms::prelude::*;

use crate::Customer;

/// What the desk remembers of a customer, for all agents of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// How often the customer was here before.
    pub visits: u32,
    /// What the customer has bought.
    pub bought: Vec<String>,
    /// A colleague talks to the customer, and the agents are silent.
    pub with_colleague: bool,
    /// The desk does not talk to this customer.
    pub is_blocked: bool,
}

/// The cases of all customers, by their ids. A program has them in its database.
#[derive(Debug, Default)]
pub struct Cases(Mutex<HashMap<String, Case>>);

impl Cases {
    pub fn get(&self, customer: &str) -> Case {
        let cases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cases.get(customer).cloned().unwrap_or_default()
    }

    pub fn put(&self, customer: &str, case: Case) {
        let mut cases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cases.insert(customer.to_owned(), case);
    }

    /// Returns the case of who begins a session, or refuses the session.
    pub(crate) async fn load(&self, opening: &Opening) -> Result<Case, HandlerError> {
        let customer = opening.identity::<Customer>().ok_or("it is not known who it is")?;
        let case = self.get(&customer.id);
        match case.is_blocked {
            true => Err(SessionEnd::NotBegun("please write to us".into()).into()),
            false => Ok(case),
        }
    }

    /// Keeps the case when the session has ended.
    pub(crate) async fn save(
        &self,
        session: &Session,
        case: &SessionState<Case>,
    ) -> Result<(), HandlerError> {
        let customer = session.identity::<Customer>().ok_or("it is not known who it is")?;
        let case = case.lock().clone();
        self.put(&customer.id, Case { visits: case.visits + 1, ..case });
        Ok(())
    }
}
