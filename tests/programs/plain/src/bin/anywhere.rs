//! Events and handlers in private modules, in functions, and behind `cfg`.

use atoms::prelude::*;

mod private {
    use atoms::prelude::*;

    #[event(type = "anywhere.module")]
    pub(super) struct InModule {
        pub(super) text: String,
    }

    mod deeper {
        use super::InModule;
        use atoms::prelude::*;

        #[handler]
        fn print(event: &InModule) {
            println!("{}", event.text);
        }
    }
}

#[cfg(all())]
#[event(type = "anywhere.cfg")]
struct BehindCfg {
    #[cfg(all())]
    text: String,
    #[cfg(any())]
    text: u64,
}

#[cfg(any())]
#[event(type = "anywhere.cfg")]
struct BehindCfg {}

#[cfg(all())]
#[handler]
fn print(event: &BehindCfg) {
    println!("{}", event.text);
}

#[cfg(any())]
#[handler]
fn print(_: &NoSuchEvent) {}

#[event(type = "anywhere.cfg_attr")]
#[cfg_attr(all(), derive(PartialEq))]
struct BehindCfgAttr {}

#[cfg_attr(all(), handler)]
fn never_fails(event: &BehindCfgAttr) {
    assert_eq!(*event, BehindCfgAttr {});
}

fn in_function(bus: &Bus) {
    #[event(type = "anywhere.function")]
    struct InFunction {
        text: String,
    }

    #[handler]
    fn print(event: &InFunction) {
        println!("{}", event.text);
    }

    run::run(bus.emit(InFunction { text: "in a function".into() })).into_result().unwrap();
}

fn main() {
    let bus = Bus::start().unwrap();
    assert_eq!(bus.registry().handlers().len(), 4);
    run::run(bus.emit(private::InModule { text: "in a module".into() })).into_result().unwrap();
    in_function(&bus);
    run::run(bus.emit(BehindCfg { text: "behind a cfg".into() })).into_result().unwrap();
    run::run(bus.emit(BehindCfgAttr {})).into_result().unwrap();
}
