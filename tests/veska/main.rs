//! The JSON of Veska.

mod frames;
