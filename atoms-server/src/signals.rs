//! Signals, and the end of the process.

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

/// How long after its deadline a shutdown may still be under way: for last words, and for connections to close.
const REST: Duration = Duration::from_secs(2);

/// How long the last line may take to be written, to a log that may be blocked.
const LAST_LINE: Duration = Duration::from_secs(1);

/// How many handlers are named.
const NAMED: usize = 8;

/// A thread with a runtime of its own, which listens to signals, whatever the other threads do.
#[derive(Debug)]
pub(crate) struct Signals {
    stop: oneshot::Receiver<()>,
    over: oneshot::Sender<()>,
}

/// What the thread has to know.
struct Watch {
    bus: Bus,
    served: Arc<OnceLock<Served>>,
    deadline: Duration,
}

impl Signals {
    /// Listens from now on. From the first signal on, there is time until the deadline.
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
                    // Who does not wait for it any more need not know.
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

    /// Lets the thread go on until the process ends, which is soon.
    pub(crate) fn leave(self) {
        // It waits for a word that never comes.
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
            let handlers = self.served.get().and_then(Served::sessions).map_or_else(String::new, running);
            let bus = runtime.block_on(self.bus.shutdown(Duration::ZERO)).err();
            let bus = bus.map_or_else(String::new, |error| format!("; on the bus, {}", Shown(error)));
            tracing::error!("{why}: the process ends, with handlers that still run: {handlers}{bus}");
            process::exit(code);
        }
    }
}

/// Ends the process after this time, whatever its other threads do until then.
fn exit_in(time: Duration, code: i32) {
    let exits = beside("atoms-exit", move || {
        thread::sleep(time);
        process::exit(code);
    });
    if !exits {
        process::exit(code);
    }
}

/// Does something that may block, such as writing to the log, in a thread of its own; whether there is one.
fn beside(name: &str, work: impl FnOnce() + Send + 'static) -> bool {
    thread::Builder::new().name(name.into()).spawn(work).is_ok()
}

/// The handlers of nodes that run, for the log.
pub(crate) fn running(sessions: &Sessions) -> String {
    let running = sessions.running();
    let more = if running.len() > NAMED { ", ..." } else { "" };
    let named: Vec<_> = running.iter().take(NAMED).map(ToString::to_string).collect();
    if named.is_empty() { "none of nodes".into() } else { named.join(", ") + more }
}

/// A signal that ends the server.
struct Signal {
    name: &'static str,
    /// That of a process which the signal has ended.
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
