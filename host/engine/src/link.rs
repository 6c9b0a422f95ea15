//! Puts the granted interfaces into a linker. What is not granted is not there: a component that imports it
//! cannot be instantiated.

use crate::host::{Host, bindings};
use lockstep_model::call::Capability;
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sync};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{ResourceTable, WasiView};

/// A linker with the report, the granted capabilities, and WASI over nothing.
pub(crate) fn linker(engine: &Engine, granted: &[Capability]) -> wasmtime::Result<Linker<Host>> {
    let mut linker = Linker::new(engine);
    add_wasi(&mut linker)?;
    bindings::lockstep::step::types::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    bindings::lockstep::step::report::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    for capability in granted {
        match capability {
            Capability::Workspace => {
                bindings::lockstep::step::workspace::add_to_linker::<_, HasSelf<Host>>(
                    &mut linker,
                    |host| host,
                )?;
            }
            Capability::Objects => {
                bindings::lockstep::step::objects::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| {
                    host
                })?;
            }
            Capability::Http => {
                bindings::lockstep::step::http::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
            }
            Capability::Repository => {
                bindings::lockstep::step::repository::add_to_linker::<_, HasSelf<Host>>(
                    &mut linker,
                    |host| host,
                )?;
            }
            Capability::Forge => {
                bindings::lockstep::step::forge::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
            }
            Capability::Cluster => {
                bindings::lockstep::step::cluster::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| {
                    host
                })?;
            }
        }
    }
    Ok(linker)
}

/// Only what language runtimes cannot do without. The list is the one of [`crate::imports`]; sockets and HTTP
/// are not on it, and the file system has no folder in it.
pub(crate) fn add_wasi<T: WasiView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::bindings::io::error::add_to_linker::<_, HasTable>(linker, |host| host.ctx().table)?;
    sync::io::poll::add_to_linker::<_, HasTable>(linker, |host| host.ctx().table)?;
    sync::io::streams::add_to_linker::<_, HasTable>(linker, |host| host.ctx().table)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, T::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, T::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, |host| host.ctx().ctx.random())?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, |host| host.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |host| host.ctx().ctx.random())?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, T::cli)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, T::filesystem)?;
    sync::filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, T::filesystem)
}

struct HasTable;

impl wasmtime::component::HasData for HasTable {
    type Data<'a> = &'a mut ResourceTable;
}
