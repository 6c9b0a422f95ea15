//! The story of a release, told by the finished programs and git on a small shop: what was built goes to a store, a new
//! image through three environments, and a thief home with nothing. It needs no network, and changes nothing outside a
//! folder of its own below target/.

mod receipts;
mod stage;
mod story;
#[cfg(test)]
mod tests;
mod thief;

use crate::{build, shell, test};
use anyhow::Result;
use stage::Stage;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What the story is told with.
#[derive(Debug, Clone)]
struct Programs {
    /// The finished host, with the compiler beside it.
    host: PathBuf,
    /// The folder of the hostile components.
    hostile: PathBuf,
}

/// Builds what is needed, and tells the story.
pub(crate) fn demo(root: &Path) -> Result<()> {
    build::build(root)?;
    let hostile = test::hostile(root, &thief::COMPONENTS)?;
    let programs = Programs { host: build::host(root), hostile };
    let folder = build::target(root).join("demo");
    let began = Instant::now();
    tell(&root.join("examples/demo"), &folder, programs, shell::say)?;
    let seconds = began.elapsed().as_secs_f64();
    let (folder, host) = (folder.display(), build::host(root));
    shell::say(&format!(
        "\ntold in {seconds:.1} s; the folder is {folder}; the program is {}",
        host.display()
    ));
    Ok(())
}

/// Tells the story of this example in this folder, which is made anew. Gives the stage with all that was said; the first
/// thing that does not end as told ends it.
fn tell(example: &Path, folder: &Path, programs: Programs, say: fn(&str)) -> Result<Stage> {
    let mut stage = Stage::new(example, folder, programs, say)?;
    story::tell(&mut stage)?;
    thief::tell(&mut stage)?;
    Ok(stage)
}
