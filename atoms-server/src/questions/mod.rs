//! The door to questions: people who are authenticated list and answer their questions over HTTP.

mod list;
mod one;
mod problem;
mod query;
mod roles;
mod said;
mod view;

use std::sync::Arc;

use atoms_control::Principal;
use axum::Router;
use axum::routing::any;

pub(crate) use list::listed;

use crate::Routes;
use crate::authenticate::Authenticate;
use crate::door::Door;

pub(crate) use roles::warn_of_unknown;

/// The routes of the door.
pub(crate) fn routes(door: Door) -> Router {
    Router::new()
        .route("/questions", any(list::list))
        .route("/questions/{question}", any(one::one))
        .route("/questions/{question}/{action}", any(one::act))
        .with_state(Arc::new(door))
}

/// The door to the [questions](atoms_control::Questions) of the bus, with the feature `control`.
impl Routes {
    /// Opens the door to questions for those whom this lets in: [`Tokens`](crate::Tokens), or an
    /// [extractor](Authenticate) of the application. Without it, there is no such route.
    pub fn questions(mut self, auth: impl Authenticate<Identity = Principal>) -> Self {
        self.questions = Some(Arc::new(auth));
        self
    }
}
