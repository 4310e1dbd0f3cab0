//! Panics, told as one event instead of the many lines of plain text that the standard library writes among those of ours.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::thread;

/// From now on every panic of the process is an event at `error`, in the span in which it happened. [`init`](crate::init) does
/// this.
///
/// It always tells the place. It repeats the message only when that is a literal of the program: a message that was put
/// together holds what it was put together from, and that may be somebody's password.
pub fn log_panics() {
    std::panic::set_hook(Box::new(report));
}

fn report(panic: &PanicHookInfo<'_>) {
    let literal = panic.payload().downcast_ref::<&'static str>().copied();
    // Taken when `RUST_BACKTRACE` asks for it. It names functions and places, and no value.
    let backtrace = Backtrace::capture();
    let thread = thread::current();
    tracing::error!(
        location = panic.location().map(tracing::field::display),
        reason = literal.unwrap_or("withheld: it was put together from values"),
        thread = thread.name(),
        backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| tracing::field::display(backtrace)),
        "panicked",
    );
}
