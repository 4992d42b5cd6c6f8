//! Attacks the program `attacked` with hostile clients, beside honest ones: `hostile [seconds] [kind]`.

use std::process::ExitCode;
use std::time::Duration;

use sessions::failure::{self, Failure};
use sessions::hostile::kinds::{ALL, Kind};
use sessions::hostile::{report, soak};

/// What the command line may say.
const USAGE: &str = "\
Usage: hostile [seconds] [kind]

  seconds   how long the server is attacked (default: 60)
  kind      all hostile clients are of this one (default: of all)";

/// The files that each client takes, and those beside them.
const FILES: u64 = 2 * (soak::HONEST + soak::OTHERS) as u64 + 64;

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some((time, kinds)) = parse(&words) else {
        let names: Vec<&str> = ALL.iter().map(|kind| kind.name).collect();
        eprintln!("{USAGE}\n\nThe kinds: {}", names.join(", "));
        return ExitCode::FAILURE;
    };
    match run(time, &kinds).await {
        Ok(faults) if faults.is_empty() => ExitCode::SUCCESS,
        Ok(faults) => {
            faults.iter().for_each(|fault| eprintln!("hostile: {fault}"));
            ExitCode::FAILURE
        }
        Err(failure) => {
            eprintln!("hostile: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(time: Duration, kinds: &[Kind]) -> Result<Vec<String>, Failure> {
    failure::allow_files(FILES)?;
    let honest = soak::run(&[], time / 3).await?;
    let hostile = soak::run(kinds, time).await?;
    println!("{}", report::text(&hostile, &honest));
    Ok(report::faults(&honest).into_iter().chain(report::faults(&hostile)).collect())
}

fn parse(words: &[String]) -> Option<(Duration, Vec<Kind>)> {
    let (seconds, name) = match words {
        [] => ("60", None),
        [seconds] => (seconds.as_str(), None),
        [seconds, name] => (seconds.as_str(), Some(name)),
        _ => return None,
    };
    let kinds: Vec<Kind> =
        ALL.iter().filter(|kind| name.is_none_or(|name| kind.name == name)).copied().collect();
    let time = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
    (!kinds.is_empty()).then_some((time, kinds))
}
