//! Lists of a million interventions on a machine that does nothing else: what a deep page costs, and a search.

use std::time::{Duration, Instant};

use super::http::Connection;
use super::lists_sql as sql;
use super::report::Report;
use super::server::{Launch, Server};
use super::{Plan, progress};
use crate::Outcome;
use crate::pg::Cluster;

const DATABASE: &str = "mif_lists";
const ROWS: u32 = 1_000_000;
const QUICK_ROWS: u32 = 100_000;
const DEPTH_PERCENT: u32 = 90;
/// What is walked by, to get deep soon; what is measured is a page as clients ask for it.
const STRIDE: u32 = 200;
const PAGE: u32 = 50;
const SORTS: [(&str, &str); 4] = [
    ("deep_page", "id"),
    ("deep_page_by_date", "-date_creation"),
    ("deep_page_by_due_date", "date_limite"),
    ("deep_page_by_priority", "priorite"),
];
const ROUNDS: u32 = 300;
const AIM_DEEP_PAGE: f64 = 1.3;
const SEARCHES: u32 = 600;
const AIM_SEARCH_MS: f64 = 50.0;

pub(super) fn measure(launch: &Launch<'_>, folder: &std::path::Path, plan: &Plan, report: &mut Report) -> Outcome<()> {
    progress("lists");
    let rows = if plan.quick { QUICK_ROWS } else { ROWS };
    let cluster = Cluster::start(crate::pg::ClusterOptions { durable: false })?;
    cluster.psql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    let url = cluster.url(DATABASE);
    let data = folder.join("lists");
    // The first start makes the tables and the account; it is not measured.
    Server::start(launch, &data, Some(&url))?.stop()?;
    fill(&cluster, rows)?;

    let server = Server::start(launch, &data, Some(&url))?;
    let mut reader = Reader { connection: Connection::open(server.port())?, token: server.login()?.access_token };
    for (figure, sort) in SORTS {
        progress(figure);
        let first = format!("/api/v1/interventions?limit={PAGE}&tri={sort}");
        let deep = reader.walk(sort, rows)?;
        let (first, deep) = reader.in_turn(&first, &deep)?;
        report.growth(figure, deep, first, AIM_DEEP_PAGE, "ms");
    }
    progress("filtered_search");
    report.limit("filtered_search_p95", reader.search(rows)?, AIM_SEARCH_MS, "ms");
    server.stop()
}

/// The indexes are built once the rows are there, from the definitions that the migrations gave them.
fn fill(cluster: &Cluster, rows: u32) -> Outcome<()> {
    let indexes = cluster.psql(DATABASE, sql::INDEXES)?;
    let drops = cluster.psql(DATABASE, sql::DROP_INDEXES)?;
    cluster.psql(DATABASE, &drops)?;
    cluster.psql(DATABASE, &sql::people_and_machines())?;
    cluster.psql(DATABASE, &sql::interventions(rows))?;
    cluster.psql(DATABASE, &format!("{}{indexes}", sql::ROOM_FOR_INDEXES))?;
    cluster.psql(DATABASE, super::sql::SETTLE).map(drop)
}

struct Reader {
    connection: Connection,
    token: String,
}

impl Reader {
    /// Follows the way to the next page until most rows lie behind, and returns the way to the page after them.
    fn walk(&mut self, sort: &str, rows: u32) -> Outcome<String> {
        let mut path = format!("/api/v1/interventions?limit={STRIDE}&tri={sort}");
        for _ in 0..rows / 100 * DEPTH_PERCENT / STRIDE {
            let answer = self.connection.get_as(&path, &self.token)?;
            path = answer.next.filter(|_| answer.status == 200).ok_or("a list ended before its end")?;
        }
        Ok(path.replace(&format!("limit={STRIDE}"), &format!("limit={PAGE}")))
    }

    /// The median durations of two requests in milliseconds. In turn, so that a busy moment touches both.
    fn in_turn(&mut self, one: &str, other: &str) -> Outcome<(f64, f64)> {
        let (mut ones, mut others) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ones.push(self.time(one)?);
            others.push(self.time(other)?);
        }
        Ok((percentile(ones, 50)?, percentile(others, 50)?))
    }

    /// The 95th percentile of searches as people make them, in milliseconds.
    fn search(&mut self, rows: u32) -> Outcome<f64> {
        let mut durations = Vec::new();
        for turn in 0..SEARCHES {
            durations.push(self.time(&search(turn, rows))?);
        }
        percentile(durations, 95)
    }

    fn time(&mut self, path: &str) -> Outcome<Duration> {
        let began = Instant::now();
        let answer = self.connection.get_as(path, &self.token)?;
        let took = began.elapsed();
        if answer.status == 200 { Ok(took) } else { Err(format!("{path} answered {}", answer.status)) }
    }
}

/// Common words and rare ones, a number, a phrase, words that nobody wrote; each beside what people narrow lists by.
fn search(turn: u32, rows: u32) -> String {
    let some = |count: u32| 1 + turn * 7919 % count;
    let query = match turn % 12 {
        0 => "q=fuite&statut=ouverte,affectee".to_owned(),
        1 => "q=roulement&priorite=urgente&tri=-date_creation".to_owned(),
        2 => format!("q=int-2016-{:06}", some(rows.min(sql::A_YEAR))),
        3 => format!("q=pompe%20hydraulique&technicien_id={}", some(sql::TECHNICIANS)),
        4 => format!("q=vibration&equipement_id={}", some(sql::MACHINES)),
        5 => format!("q=moteur&client_id={}&tri=-date_creation", some(sql::CUSTOMERS)),
        6 => "q=courroie&statut=en_cours&en_retard=true&tri=date_limite".to_owned(),
        7 => "q=tourniquet&statut=cloturee".to_owned(),
        8 => format!("q=poste%20{}&type=preventive&tri=-priorite", some(sql::STATIONS)),
        9 => "q=%C3%A9tanch%C3%A9it%C3%A9&urgence=true&tri=-priorite".to_owned(),
        10 => "q=bruit&statut=annulee&du=2016-03-01&au=2016-03-31".to_owned(),
        _ => format!("q=fo&statut=en_attente&technicien_id={}", some(sql::TECHNICIANS)),
    };
    format!("/api/v1/interventions?limit={PAGE}&{query}")
}

fn percentile(mut durations: Vec<Duration>, percent: usize) -> Outcome<f64> {
    durations.sort_unstable();
    let place = durations.len() * percent / 100;
    let found = durations.get(place).ok_or("nothing was measured")?;
    Ok(found.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::percentile;

    #[test]
    fn a_percentile_leaves_the_slower_rest_out() {
        let durations: Vec<_> = (1..=100).rev().map(Duration::from_millis).collect();
        assert!((percentile(durations.clone(), 50).unwrap() - 51.0).abs() < 1e-9);
        assert!((percentile(durations, 95).unwrap() - 96.0).abs() < 1e-9);
        assert!(percentile(Vec::new(), 50).is_err());
    }
}
