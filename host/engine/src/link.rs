//! Puts the granted interfaces into a linker. What is not granted is not there: a component that imports it
//! cannot be instantiated.

use crate::bindings::{cluster, forge, http, objects, report, repository, types, workspace};
use crate::host::Host;
use lockstep_model::capability::Capability;
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
    types::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    report::add_to_linker::<_, HasSelf<Host>>(&mut linker, |host| host)?;
    for capability in granted {
        let add = match capability {
            Capability::Workspace => workspace::add_to_linker::<Host, HasSelf<Host>>,
            Capability::Objects => objects::add_to_linker::<Host, HasSelf<Host>>,
            Capability::Http => http::add_to_linker::<Host, HasSelf<Host>>,
            Capability::Cluster => cluster::add_to_linker::<Host, HasSelf<Host>>,
            Capability::Repository => repository::add_to_linker::<Host, HasSelf<Host>>,
            Capability::Forge => forge::add_to_linker::<Host, HasSelf<Host>>,
        };
        add(&mut linker, |host| host)?;
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
