//! The one integration binary of this crate: clamd as it should be, and as it may be.

mod answers;
mod deadlines;
mod fake;
mod health;
mod off;
mod pauses;
mod real;
mod spans;
