//! What outlives a process.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::store::{Store, empty_postgres};
use super::{Client, Database, Server, environment};

/// The first administrator's address.
pub(crate) const ADMIN: &str = "admin@usine.test";
/// The first administrator's password, and everybody else's.
pub(crate) const PASSWORD: &str = "Bielle-Huile-77!";

/// A data folder, a key folder and a database of their own, empty at first.
#[derive(Debug)]
pub(crate) struct Site {
    folder: TempDir,
    postgres: Option<String>,
}

impl Site {
    pub(crate) async fn new(database: Database) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let postgres = match database {
            Database::Sqlite => None,
            // The process is part of the name: two test runs may share a cluster.
            Database::Postgres => Some(empty_postgres(&format!("journey_{}_{number}", std::process::id())).await),
        };
        Self { folder: tempfile::tempdir().unwrap(), postgres }
    }

    /// The whole environment of a process of this site, but for `more`, which wins.
    pub(crate) fn environment(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let folder = |name: &str| self.folder(name).display().to_string();
        let mut all = vec![
            ("PATH".to_owned(), environment::path()),
            ("MIF_DATA_DIR".to_owned(), folder("data")),
            ("MIF_KEYS__DIR".to_owned(), folder("keys")),
            ("MIF_HTTP__BIND".to_owned(), "127.0.0.1:0".to_owned()),
            ("MIF_BOOTSTRAP__ADMIN_EMAIL".to_owned(), ADMIN.to_owned()),
            ("MIF_BOOTSTRAP__ADMIN_PASSWORD".to_owned(), PASSWORD.to_owned()),
            // Journeys come from one address and are in a hurry.
            ("MIF_LIMITS__ENABLED".to_owned(), "false".to_owned()),
        ];
        all.extend(self.postgres.iter().map(|url| ("DATABASE_URL".to_owned(), url.clone())));
        all.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
        all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        all
    }

    /// A folder or file of this site.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The address of its database.
    pub(crate) fn postgres(&self) -> &str {
        self.postgres.as_deref().expect("this site is on PostgreSQL")
    }

    /// Starts a server and waits until it is ready.
    pub(crate) async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// The same with more settings.
    pub(crate) async fn start_with(&self, more: &[(&str, &str)]) -> Server {
        Server::spawn(self, more).ready().await
    }

    /// Its database, past the product.
    pub(crate) async fn store(&self) -> Store {
        match &self.postgres {
            Some(url) => Store::postgres(url).await,
            None => Store::sqlite(&self.folder("data").join("mif.db")).await,
        }
    }

    /// A server of this site with its administrator signed in.
    pub(crate) async fn open(&self) -> (Server, Client) {
        let server = self.start().await;
        let admin = server.sign_in(ADMIN, PASSWORD).await.client;
        (server, admin)
    }
}
