//! Puts the granted interfaces into a linker, and no others: a component that imports another one cannot be instantiated.

use crate::bindings::{cluster, forge, http, objects, report, repository, types, workspace};
use crate::host::RunHost;
use lockstep_model::capability::Capability;
use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sync};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{ResourceTable, WasiView};

/// A linker with the report, the granted capabilities, and WASI without files, network and environment.
pub(crate) fn linker(engine: &Engine, granted: &[Capability]) -> wasmtime::Result<Linker<RunHost>> {
    let mut linker = Linker::new(engine);
    add_wasi(&mut linker)?;
    types::add_to_linker::<_, HasSelf<RunHost>>(&mut linker, |host| host)?;
    report::add_to_linker::<_, HasSelf<RunHost>>(&mut linker, |host| host)?;
    for capability in granted {
        let add = match capability {
            Capability::Workspace => workspace::add_to_linker::<RunHost, HasSelf<RunHost>>,
            Capability::Objects => objects::add_to_linker::<RunHost, HasSelf<RunHost>>,
            Capability::Http => http::add_to_linker::<RunHost, HasSelf<RunHost>>,
            Capability::Cluster => cluster::add_to_linker::<RunHost, HasSelf<RunHost>>,
            Capability::Repository => repository::add_to_linker::<RunHost, HasSelf<RunHost>>,
            Capability::Forge => forge::add_to_linker::<RunHost, HasSelf<RunHost>>,
        };
        add(&mut linker, |host| host)?;
    }
    Ok(linker)
}

/// Links the interfaces of WASI that language runtimes need, as [`crate::imports`] lists them: no sockets, no HTTP, and a
/// file system without folders.
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
