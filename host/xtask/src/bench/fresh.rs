//! A new folder for each round, as a checkout is new to a job. In a folder of which all files were replaced a moment ago
//! a file system may search long for a free place (ext4 does not give inodes again at once): that would be measured,
//! and not the tools. It removes nothing before all is measured.

use super::measure::Contender;
use anyhow::Result;
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

/// The folders of all rounds.
pub(super) struct Fresh {
    base: PathBuf,
}

impl Fresh {
    /// The folders of this process, below a folder.
    pub(super) fn below(folder: &Path) -> Self {
        Self { base: folder.join(format!("fresh-{}", std::process::id())) }
    }

    /// A contender whose work is laid out in a new folder each time.
    pub(super) fn contender(
        &self,
        name: &str,
        lay_out: impl Fn(&Path) -> Result<()> + 'static,
        command: impl Fn(&Path) -> Command + 'static,
        check: impl Fn(&Path) -> Result<()> + 'static,
    ) -> Contender {
        let base = self.base.join(name.replace([' ', ',', '/'], "-"));
        let rounds = Rc::new(Cell::new(0));
        let now = {
            let (base, rounds) = (base.clone(), Rc::clone(&rounds));
            move || base.join(format!("{}", rounds.get()))
        };
        let (prepared, checked) = (now.clone(), now.clone());
        Contender {
            name: name.to_owned(),
            prepare: Box::new(move || {
                rounds.set(rounds.get() + 1);
                fs::create_dir_all(prepared())?;
                lay_out(&prepared())
            }),
            command: Box::new(move || command(&now())),
            check: Box::new(move || check(&checked())),
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // What stays behind is in a folder for such things.
        let _ = fs::remove_dir_all(&self.base);
    }
}
