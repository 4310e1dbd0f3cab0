//! What the journeys stand on: a [`Site`] is what outlives a process (data folder, key folder, database), a [`Server`] is
//! one process that serves it, a [`Client`] has one method per endpoint.

mod answer;
mod client;
mod command;
mod documents;
mod environment;
mod post;
mod proxy;
mod server;
mod site;
mod store;
mod time;
mod work;

pub(crate) use answer::Answer;
pub(crate) use client::{Client, Session, code_of, machine};
pub(crate) use command::Finished;
pub(crate) use environment::{audit_events, clamd, clamd_tcp, kills, rotated_documents, rotation_time, rounds};
pub(crate) use post::PostOffice;
pub(crate) use proxy::{Network, Proxy};
pub(crate) use server::Server;
pub(crate) use site::{ADMIN, PASSWORD, Site};
pub(crate) use time::{Stopwatch, eventually, unix_seconds};
pub(crate) use work::{Slot, at_once, intervention};

/// The databases that the product runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    Postgres,
}

/// Makes two tests of each journey, `on_sqlite::name` and `on_postgres::name`.
macro_rules! on_both_databases {
    ($($journey:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $journey() {
                super::$journey($crate::harness::Database::Sqlite).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $journey() {
                super::$journey($crate::harness::Database::Postgres).await;
            })+
        }
    };
}
pub(crate) use on_both_databases;
