//! Compares agent servers under load; see [`sessions::options::USAGE`].

use std::process::ExitCode;

use sessions::contender::{Contender, Programs};
use sessions::failure::{Failure, allow_files};
use sessions::options::{Options, USAGE};
use sessions::report::{self, Report, Row};

/// The files that a process opens beside its sessions, and more.
const SPARE_FILES: u64 = 64;

fn main() -> ExitCode {
    if std::env::args().any(|word| word == "--help" || word == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sessions: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let options = Options::parse(std::env::args().skip(1))?;
    allow_files(options.sessions.iter().copied().max().unwrap_or_default() as u64 + SPARE_FILES)?;
    let programs = Programs::prepare(&options.contenders)?;
    let mut rows = Vec::new();
    for round in 0..options.rounds {
        for &sessions in &options.sessions {
            let mut contenders = options.contenders.clone();
            // Each round begins with another one, so that nobody always runs behind the same one.
            contenders.rotate_left(round % options.contenders.len());
            for contender in contenders {
                rows.push(measure(&programs, contender, sessions, options.seconds)?);
            }
        }
    }
    let report = Report::new(options, rows);
    println!("{}", report.tables());
    match report.errors() {
        0 => Ok(()),
        errors => Err(Failure::Errors(errors)),
    }
}

/// Measures one load on a server that is started for it.
fn measure(
    programs: &Programs,
    contender: &Contender,
    sessions: usize,
    seconds: f64,
) -> Result<Row, Failure> {
    let server = programs.serve(contender)?;
    let figures = programs.load(&server, sessions, seconds)?;
    let name = contender.name;
    let turns = report::grouped(figures.turns_per_second);
    eprintln!("{name}, {sessions} sessions: {turns} turns/s, p99 {}", report::duration(figures.p99));
    if let Some(error) = &figures.first_error {
        eprintln!("{name}, {sessions} sessions: {} failed; the first: {error}", figures.errors);
    }
    Ok(Row { name, sessions, figures })
}
