//! What is wrong with jobs is told when a bus starts.

use atoms::prelude::*;
use atoms::{StartError, StartProblem};
use jobs::{Job, JobProblem, When};

#[event(type = "jobs.report")]
struct Report {}

#[event(type = "jobs.mail")]
struct Mail {}

#[handler]
fn report(_: &Report) {}

static REPORT: Job = Job::new("report", When::EverySeconds(60), || Envelope::new(Report {}).into());
static MAIL: Job = Job::new("mail", When::After("rapport"), || Envelope::new(Mail {}).into());
static NONSTOP: Job = Job::new("nonstop", When::EverySeconds(0), || Envelope::new(Report {}).into());

fn problems(error: &StartError) -> Vec<&JobProblem> {
    let causes = error.problems().iter().map(|problem| match problem {
        StartProblem::Entry { cause, .. } => cause.downcast_ref().unwrap(),
        other => panic!("{other}"),
    });
    causes.collect()
}

#[test]
fn each_problem_of_each_job_is_told_with_the_nearest_name() {
    let bus = || Bus::builder().without_discovery().handler::<report>().entry(&REPORT);
    let error = bus().entry(&MAIL).entry(&NONSTOP).start().unwrap_err();
    let unknown = JobProblem::Unknown { other: "rapport", nearest: Some("report") };
    let unhandled = JobProblem::Unhandled("jobs.mail".to_owned());
    assert_eq!(problems(&error), [&unknown, &unhandled, &JobProblem::NoTime]);
    let message = error.to_string();
    for part in [
        "- job mail (jobs/tests/checks.rs:",
        "): it runs after the job `rapport`, which is not there: write `report`\n",
        "- job nonstop (jobs/tests/checks.rs:",
        "): it runs every 0 seconds: give it 1 second or more",
    ] {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    bus().start().unwrap();
}

jobs::job!("weekly" after "report": Report {});

#[test]
fn what_is_linked_is_checked_by_verify() {
    let error = Bus::builder().verify().unwrap_err();
    assert_eq!(problems(&error), [&JobProblem::Unknown { other: "report", nearest: None }]);
    Bus::builder().entry(&REPORT).verify().unwrap();
}
