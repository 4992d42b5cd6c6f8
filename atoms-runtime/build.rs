//! Says where the linker finds events without a handler (`linker_net`): where there is ELF, on processors whose
//! assembly `src/linker_macros.rs` knows. A `--cfg atoms_without_linker_net` makes a program as it is elsewhere.
//! Programs do not ask it for handlers (`linker_asks`) with the feature `tests-without-handlers`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(linker_net, linker_asks)");
    let target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let has_elf = ["linux", "android", "freebsd"].contains(&target("OS").as_str());
    let is_known = ["x86_64", "aarch64", "riscv64"].contains(&target("ARCH").as_str());
    let is_left_out = env::var_os("CARGO_CFG_ATOMS_WITHOUT_LINKER_NET").is_some();
    if has_elf && is_known && !is_left_out {
        println!("cargo::rustc-cfg=linker_net");
        if env::var_os("CARGO_FEATURE_TESTS_WITHOUT_HANDLERS").is_none() {
            println!("cargo::rustc-cfg=linker_asks");
        }
    }
}
