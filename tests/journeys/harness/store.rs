//! The database of a site, read past the product: for what no endpoint shows, and to prove what the endpoints say.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::environment::cluster;

/// A connection that owes nothing to the product.
#[derive(Debug)]
pub(crate) enum Store {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Store {
    pub(super) async fn sqlite(file: &std::path::Path) -> Self {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(false);
        Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
    }

    pub(super) async fn postgres(url: &str) -> Self {
        Self::Postgres(PgConnection::connect(url).await.unwrap())
    }

    /// The one number that a statement returns.
    pub(crate) async fn number(&mut self, sql: &'static str) -> i64 {
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await.unwrap(),
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await.unwrap(),
        }
    }

    /// Changes something, and returns how many rows.
    pub(crate) async fn execute(&mut self, sql: &'static str) -> u64 {
        match self {
            Self::Sqlite(connection) => sqlx::query(sql).execute(connection).await.unwrap().rows_affected(),
            Self::Postgres(connection) => sqlx::query(sql).execute(connection).await.unwrap().rows_affected(),
        }
    }

    /// Changes something as somebody who has the database.
    pub(crate) async fn run(&mut self, sql: &'static str) {
        match self {
            Self::Sqlite(connection) => drop(connection.execute(sql).await.unwrap()),
            Self::Postgres(connection) => drop(connection.execute(sql).await.unwrap()),
        }
    }

    /// Every value of every row as text, bytes in hexadecimal: what whoever takes the database away can read.
    pub(crate) async fn dump(&mut self) -> String {
        const SQLITE: &str = "SELECT m.name, group_concat('quote(\"' || c.name || '\")', ' || '' '' || ') \
                              FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                              WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' GROUP BY m.name";
        let mut rows: Vec<String> = Vec::new();
        match self {
            Self::Sqlite(connection) => {
                let tables: Vec<(String, String)> = sqlx::query_as(SQLITE).fetch_all(&mut *connection).await.unwrap();
                for (table, values) in tables {
                    let sql = AssertSqlSafe(format!("SELECT '{table} ' || {values} FROM \"{table}\""));
                    rows.extend(sqlx::query_scalar::<_, String>(sql).fetch_all(&mut *connection).await.unwrap());
                }
            }
            Self::Postgres(connection) => {
                let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'";
                let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut *connection).await.unwrap();
                for table in tables {
                    let sql = AssertSqlSafe(format!("SELECT '{table} ' || it::text FROM \"{table}\" it"));
                    rows.extend(sqlx::query_scalar::<_, String>(sql).fetch_all(&mut *connection).await.unwrap());
                }
            }
        }
        rows.join("\n")
    }

    /// From now on the database lets the audit trail be changed, as its owner can.
    pub(crate) async fn disarm_audit(&mut self) {
        let statements: &[&'static str] = match self {
            Self::Sqlite(_) => &[
                "PRAGMA foreign_keys = OFF",
                "DROP TRIGGER audit_events_append_only",
                "DROP TRIGGER audit_chain_append_only",
            ],
            Self::Postgres(_) => &[
                "DROP TRIGGER audit_events_append_only ON audit_events",
                "DROP TRIGGER audit_chain_append_only ON audit_chain",
                "ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_event_id_fkey",
            ],
        };
        for statement in statements {
            self.run(statement).await;
        }
    }

    /// How many events of a kind the audit trail holds.
    pub(crate) async fn events(&mut self, kind: &'static str) -> i64 {
        let sql = "SELECT count(*) FROM audit_events WHERE kind = $1";
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).bind(kind).fetch_one(connection).await.unwrap(),
            Self::Postgres(connection) => sqlx::query_scalar(sql).bind(kind).fetch_one(connection).await.unwrap(),
        }
    }

    /// Fails unless the file is whole and no row points at nothing. PostgreSQL has no such question.
    pub(crate) async fn check_integrity(&mut self) {
        if let Self::Sqlite(connection) = self {
            let verdict: String =
                sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut *connection).await.unwrap();
            assert_eq!(verdict, "ok");
            let dangling = sqlx::query("PRAGMA foreign_key_check").fetch_all(connection).await.unwrap();
            assert!(dangling.is_empty(), "{} rows point at nothing", dangling.len());
        }
    }
}

/// Makes an empty database in the cluster and returns its address. It goes with the cluster.
pub(super) async fn empty_postgres(name: &str) -> String {
    let cluster = cluster();
    let mut connection = PgConnection::connect(&cluster).await.expect("the cluster of MIF_TEST_POSTGRES answers");
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    connection.close().await.unwrap();
    let (server, _) = cluster.rsplit_once('/').expect("postgres://user@host:port/database");
    format!("{server}/{name}")
}
