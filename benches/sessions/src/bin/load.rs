//! Puts one load on a server that listens, and prints the figures as JSON:
//! `load 127.0.0.1:PORT PID SESSIONS SECONDS`.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use sessions::failure::Failure;
use sessions::load::Load;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some(load) = parse(&arguments) else {
        eprintln!("Usage: load 127.0.0.1:PORT PID SESSIONS SECONDS");
        return ExitCode::FAILURE;
    };
    match run(load).await {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("load: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(load: Load) -> Result<String, Failure> {
    Ok(serde_json::to_string(&load.run().await?)?)
}

fn parse(arguments: &[String]) -> Option<Load> {
    let [address, pid, sessions, seconds] = arguments else { return None };
    Some(Load {
        address: address.parse().ok()?,
        pid: pid.parse().ok()?,
        sessions: sessions.parse().ok()?,
        time: Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?,
    })
}
