//! Listens to signals, and ends the process.

use std::io;
use std::process;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use atoms_agent::Sessions;
use atoms_runtime::{Bus, Shown};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::served::Served;

/// How long after its deadline a shutdown may continue, for last messages and for connections to close.
const REST: Duration = Duration::from_secs(2);

/// How long writing the last line to the log may take, which may be blocked.
const LAST_LINE: Duration = Duration::from_secs(1);

/// A thread with a runtime of its own, which listens to signals even if all other threads are blocked.
#[derive(Debug)]
pub(crate) struct Signals {
    stop: oneshot::Receiver<()>,
    over: oneshot::Sender<()>,
}

/// What the thread needs.
struct Watch {
    bus: Bus,
    served: Arc<OnceLock<Served>>,
    deadline: Duration,
}

impl Signals {
    /// Starts to listen. The process ends at the deadline after the first signal.
    pub(crate) async fn listen(
        bus: Bus,
        served: Arc<OnceLock<Served>>,
        deadline: Duration,
    ) -> io::Result<Self> {
        let watch = Watch { bus, served, deadline };
        let (stopping, stop) = oneshot::channel();
        let (over, is_over) = oneshot::channel();
        let (listening, listens) = oneshot::channel();
        thread::Builder::new().name("atoms-signals".into()).spawn(move || {
            let listened = Builder::new_current_thread().enable_all().build().and_then(|runtime| {
                let sources = {
                    let _guard = runtime.enter();
                    Sources::new()?
                };
                Ok((runtime, sources))
            });
            match listened {
                Ok((runtime, sources)) => {
                    // If nothing waits for it any more, there is nobody to tell.
                    let _ = listening.send(Ok(()));
                    watch.run(&runtime, sources, stopping, is_over);
                }
                Err(error) => drop(listening.send(Err(error))),
            }
        })?;
        listens.await.map_err(io::Error::other)??;
        Ok(Self { stop, over })
    }

    /// Waits for the first signal.
    pub(crate) async fn stop(&mut self) {
        // The thread sends it, or ends the process.
        let _ = (&mut self.stop).await;
    }

    /// Lets the thread run until the process ends.
    pub(crate) fn leave(self) {
        // It waits for a message that never comes.
        std::mem::forget(self.over);
    }
}

impl Watch {
    fn run(
        &self,
        runtime: &Runtime,
        mut sources: Sources,
        stopping: oneshot::Sender<()>,
        mut is_over: oneshot::Receiver<()>,
    ) {
        let end = runtime.block_on(async {
            let signal = tokio::select! {
                _ = &mut is_over => return None,
                signal = sources.next() => signal,
            };
            if stopping.send(()).is_err() {
                return None;
            }
            beside("atoms-log", move || tracing::info!(signal = signal.name, "the server shuts down"));
            tokio::select! {
                _ = is_over => None,
                signal = sources.next() => Some((signal.exit_code, "there was another signal")),
                () = sleep(self.deadline.saturating_add(REST)) => Some((1, "the deadline has come")),
            }
        });
        if let Some((code, why)) = end {
            exit_in(LAST_LINE, code);
            let sessions = self.served.get().and_then(Served::sessions);
            let running = sessions.map_or_else(|| "there are no sessions".into(), Sessions::running_text);
            let bus = runtime.block_on(self.bus.shutdown(Duration::ZERO)).err();
            let bus = bus.map_or_else(String::new, |error| format!("; on the bus, {}", Shown(error)));
            tracing::error!("{why}: the process ends: {running}{bus}");
            process::exit(code);
        }
    }
}

/// Ends the process after this time, even if all other threads are blocked.
fn exit_in(time: Duration, code: i32) {
    let exits = beside("atoms-exit", move || {
        thread::sleep(time);
        process::exit(code);
    });
    if !exits {
        process::exit(code);
    }
}

/// Runs something that may block, such as writing to the log, in a thread of its own. Returns whether it started.
fn beside(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    thread::Builder::new().name(name.into()).spawn(work).is_ok()
}

/// A signal that ends the server.
struct Signal {
    name: &'static str,
    /// The exit code of a process that the signal has ended.
    exit_code: i32,
}

const INTERRUPT: Signal = Signal { name: "interrupt", exit_code: 130 };

/// Where signals come from.
#[cfg(unix)]
struct Sources {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Sources {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.terminate.recv() => Signal { name: "terminate", exit_code: 143 },
        }
    }
}

/// Where signals come from.
#[cfg(windows)]
struct Sources(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Sources {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> Signal {
        self.0.recv().await;
        INTERRUPT
    }
}
