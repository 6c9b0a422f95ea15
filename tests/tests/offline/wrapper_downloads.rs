//! The download of the program: from where, to which name, and what the script accepts.

use crate::wrappers::{STEP, in_each_shell, out, refused};
use lockstep_tests::shim::{STAND_IN, target};
use std::fs;

#[test]
fn a_download_runs_only_if_its_checksum_matches() {
    in_each_shell(|checkout, run, folder| {
        let base = format!("file://{}/mirror/", folder.display());
        let base = ("LOCKSTEP_DOWNLOAD_BASE", &*base);
        refused(&run(&[STEP, base]), 2, "there is no lockstep to run");
        checkout.release(STAND_IN).unwrap();
        refused(&run(&[STEP]), 2, "there is no lockstep at");
        refused(&run(&[STEP, base]), 6, "could not download lockstep-1.2.3 from LOCKSTEP_DOWNLOAD_BASE");

        checkout.program("mirror/lockstep-1.2.3", "#!/bin/sh\ntouch pwned\n").unwrap();
        refused(&run(&[STEP, base]), 4, "not the released one");
        let cache = folder.join(format!("home/.cache/lockstep/1.2.3/{}", target()));
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 0, "nothing is left over");

        checkout.program("mirror/lockstep-1.2.3", STAND_IN).unwrap();
        out(&run(&[STEP, base]));
        out(&run(&[STEP]));
        fs::write(cache.join("lockstep"), "#!/bin/sh\ntouch pwned\n").unwrap();
        refused(&run(&[STEP]), 4, "is not lockstep 1.2.3 for");
        assert!(!folder.join("pwned").exists());
    });
}

#[test]
fn a_download_has_a_random_temporary_name_and_obeys_no_settings_file() {
    in_each_shell(|checkout, run, folder| {
        checkout.release(STAND_IN).unwrap();
        checkout.program("mirror/lockstep-1.2.3", STAND_IN).unwrap();
        fs::write(folder.join("precious"), "precious").unwrap();
        let cache = folder.join(format!("cache/lockstep/1.2.3/{}", target()));
        fs::create_dir_all(&cache).unwrap();
        // The shell is one of the next processes.
        for number in std::process::id()..std::process::id() + 3_000 {
            std::os::unix::fs::symlink(folder.join("precious"), cache.join(format!("lockstep.{number}")))
                .unwrap();
        }
        let settings = format!("output = \"{}/pwned\"\n", folder.display());
        for name in ["home/.curlrc", "home/.config/curlrc"] {
            checkout.program(name, &settings).unwrap();
        }
        let base = format!("file://{}/mirror", folder.display());
        let cache = folder.join("cache");
        out(&run(&[STEP, ("LOCKSTEP_DOWNLOAD_BASE", &base), ("XDG_CACHE_HOME", cache.to_str().unwrap())]));
        assert_eq!(fs::read_to_string(folder.join("precious")).unwrap(), "precious");
        assert!(!folder.join("pwned").exists());
    });
}
