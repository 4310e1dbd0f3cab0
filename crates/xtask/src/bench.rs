//! `cargo xtask bench`: figures of the release build, each beside a ceiling measured in the same run on the same machine.
//!
//! Standard output carries one JSON line a figure and a summary; progress goes to standard error. A missed aim is a
//! result, not a failure: only a figure that cannot be measured stops the command.

mod create;
mod documents;
mod http;
mod lists;
mod lists_sql;
mod load;
mod logins;
mod refresh;
mod report;
mod server;
mod sql;
mod start;

use std::process::ExitCode;
use std::time::Duration;

use tempfile::TempDir;

use crate::Outcome;
use crate::apt;
use crate::pg::{Cluster, ClusterOptions};
use crate::workspace::{Workspace, must};
use load::{Pgbench, Wrk};
use report::Report;
use server::Server;

const DATABASE: &str = "mif";
const EQUIPMENT_ROWS: u32 = 10_000;
const GET_CONNECTIONS: u32 = 64;
const PGBENCH_CLIENTS: u32 = 20;
const AIM_GET_BY_ID: f64 = 0.28;
const AIM_PAGE_OF_50: f64 = 0.40;
const AIM_CREATE: f64 = 0.40;
const AIM_REFRESH: f64 = 0.50;
const AIM_FLOOD_GUARD: f64 = 0.90;

#[derive(Debug)]
pub(crate) struct Plan {
    run: Duration,
    warm_up: Duration,
    quick: bool,
}

impl Plan {
    pub(crate) const fn full() -> Self {
        Self { run: Duration::from_secs(10), warm_up: Duration::from_secs(3), quick: false }
    }

    pub(crate) const fn quick() -> Self {
        Self { run: Duration::from_secs(3), warm_up: Duration::from_secs(1), quick: true }
    }
}

pub(crate) fn run(workspace: &Workspace, plan: &Plan) -> Outcome<ExitCode> {
    must(&mut workspace.cargo(["build", "--release", "--locked", "--package", "mif-server"]))?;
    let binary = workspace.server_binary("release")?;
    if apt::on_path("wrk").is_none() {
        apt::install(&["wrk"], "the load generator wrk")?;
    }
    let folder = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
    let mut report = Report::default();

    let launch = server::Launch { binary: &binary, root: &workspace.root, settings: &[] };
    start::measure(&launch, &mut report)?;
    under_load(&launch, &folder, plan, &mut report)?;
    lists::measure(&launch, folder.path(), plan, &mut report)?;
    documents::measure(workspace, folder.path(), plan, &mut report)?;

    println!("{}", report.summary(plan.quick));
    Ok(ExitCode::SUCCESS)
}

fn under_load(launch: &server::Launch<'_>, folder: &TempDir, plan: &Plan, report: &mut Report) -> Outcome<()> {
    let cluster = Cluster::start(ClusterOptions { durable: true })?;
    cluster.psql("postgres", &format!("CREATE DATABASE {DATABASE}"))?;
    let url = cluster.url(DATABASE);
    let data = folder.path().join("data");
    launch.migrate(&data, &url)?;
    cluster.psql(DATABASE, &sql::insert_equipment(EQUIPMENT_ROWS))?;
    cluster.psql(DATABASE, &sql::insert_interventions(EQUIPMENT_ROWS))?;
    cluster.psql(DATABASE, sql::SETTLE)?;

    let server = Server::start(launch, &data, Some(&url))?;
    let access = server.login()?.access_token;
    let mut wrk = Wrk { folder: folder.path(), port: server.port(), token: &access, plan };
    let mut pgbench = Pgbench { cluster: &cluster, folder: folder.path(), clients: PGBENCH_CLIENTS, run: plan.run };

    progress("get_by_id");
    let one_intervention = format!("\"/api/v1/interventions/\" .. math.random(1, {EQUIPMENT_ROWS})");
    let value = wrk.requests_per_second(&one_intervention)?;
    let variable = ("rows", EQUIPMENT_ROWS.to_string());
    let ceiling = pgbench.transactions_per_second(sql::PGBENCH_GET_BY_ID, &[variable])?;
    report.ratio("get_by_id", value, ceiling, AIM_GET_BY_ID, "req/s");

    progress("page_of_50");
    let value = wrk.requests_per_second("\"/api/v1/interventions?limit=50&tri=date_creation\"")?;
    let ceiling = pgbench.transactions_per_second(sql::PGBENCH_PAGE_OF_50, &[])?;
    report.ratio("page_of_50", value, ceiling, AIM_PAGE_OF_50, "req/s");

    progress("create");
    let value = create::creations_per_second(&server, &access, EQUIPMENT_ROWS, plan.run)?;
    pgbench.clients = create::CONNECTIONS;
    let variable = ("rows", EQUIPMENT_ROWS.to_string());
    let ceiling = pgbench.transactions_per_second(sql::PGBENCH_CREATE, &[variable])?;
    report.ratio("create", value, ceiling, AIM_CREATE, "req/s");

    progress("refresh");
    let value = refresh::rotations_per_second(&server, plan.run)?;
    pgbench.clients = refresh::SESSIONS;
    let first = first_number(&cluster.psql(DATABASE, &sql::insert_sessions(refresh::SESSIONS))?)?;
    let variables = [("first_session", first.to_string()), ("n", "0".to_owned())];
    let ceiling = pgbench.transactions_per_second(sql::PGBENCH_REFRESH, &variables)?;
    report.ratio("refresh", value, ceiling, AIM_REFRESH, "req/s");

    progress("logins");
    cluster.psql(DATABASE, &sql::insert_people(logins::PEOPLE))?;
    logins::measure(&server, &access, EQUIPMENT_ROWS, report)?;

    progress("flood_guard");
    // As far open as it goes: it counts every request and refuses none.
    let counting = [
        ("MIF_LIMITS__ENABLED", "true"),
        ("MIF_LIMITS__BURST", "1000000"),
        ("MIF_LIMITS__PER_SECOND", "1000000"),
        ("MIF_LIMITS__PER_IP_PER_MINUTE", "1000000"),
    ];
    let guarded = Server::start(&server::Launch { settings: &counting, ..*launch }, &data, Some(&url))?;
    let mut rates = [0.0, 0.0];
    // By turns, so that a slow moment of the machine counts for both.
    for _ in 0..2 {
        for (rate, port) in rates.iter_mut().zip([guarded.port(), server.port()]) {
            wrk.port = port;
            *rate += wrk.requests_per_second(&one_intervention)? / 2.0;
        }
    }
    report.ratio("flood_guard", rates[0], rates[1], AIM_FLOOD_GUARD, "req/s");
    guarded.stop()?;
    server.stop()
}

fn first_number(rows: &str) -> Outcome<u64> {
    let numbers = rows.lines().filter_map(|row| row.trim().parse().ok());
    numbers.min().ok_or_else(|| format!("psql answered no number: {rows}"))
}

fn progress(figure: &str) {
    eprintln!("xtask: measuring {figure}");
}
