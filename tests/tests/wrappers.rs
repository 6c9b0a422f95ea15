//! The script that every wrapper becomes: which binary it runs, which it refuses, and that nothing around it
//! makes it run something else. With `LOCKSTEP_SHELLS` (commands separated by `:`) in those shells too.

#![expect(clippy::print_stderr, reason = "says in which shell a test failed")]

use lockstep_tests::shim::{Checkout, STAND_IN, target};
use std::fs;
use std::path::Path;
use std::process::Output;

/// Runs a test in each shell, each time in an empty folder.
fn in_each_shell(test: impl Fn(&Checkout, &dyn Fn(&[(&str, &str)]) -> Output, &Path)) {
    let others = std::env::var_os("LOCKSTEP_SHELLS").unwrap_or_default().into_string().expect("text");
    let known = ["/bin/sh", "/bin/dash", "/bin/bash --posix", "/bin/bash"].into_iter();
    let shells = known.filter(|shell| Path::new(shell.split(' ').next().unwrap_or_default()).exists());
    for shell in shells.chain(others.split(':').filter(|shell| !shell.is_empty())) {
        eprintln!("in {shell}");
        let folder = tempfile::tempdir().expect("a folder");
        let checkout = Checkout::new(folder.path()).expect("a checkout");
        let words: Vec<&str> = shell.split(' ').collect();
        test(&checkout, &|env| checkout.run(&words, env).expect("a shell"), folder.path());
    }
}

fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", err(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn refused(output: &Output, code: i32, word: &str) {
    assert_eq!((output.status.code(), &*output.stdout), (Some(code), &b""[..]), "{}", err(output));
    let err = err(output);
    assert!(err.contains("error: ") && err.contains(word) && err.contains("\n  hint: "), "{err}");
}

const STEP: (&str, &str) = ("LOCKSTEP_STEP", "manifest-patch");

#[test]
fn it_becomes_the_binary_it_was_told() {
    in_each_shell(|checkout, run, _| {
        let bin = checkout.program("my bin/lockstep", STAND_IN).unwrap();
        let out =
            out(&run(&[STEP, ("LOCKSTEP_BIN", bin.to_str().unwrap()), ("LOCKSTEP_INPUTS", "$(x) `y` \"'")]));
        assert!(
            out.starts_with("arg run\narg manifest-patch\narg --format\narg json\npath /usr/bin:/bin\n"),
            "{out}"
        );
        assert!(out.contains("\nLOCKSTEP_INPUTS=$(x) `y` \"'\n"), "{out}");
    });
}

#[test]
fn what_is_an_input_wins_over_the_variable() {
    in_each_shell(|checkout, run, _| {
        let bin = checkout.program("lockstep", STAND_IN).unwrap();
        let bin = bin.to_str().unwrap();
        let out_ = out(&run(&[
            STEP,
            ("LOCKSTEP_BIN", "/nonexistent"),
            ("LOCKSTEP_CONTROL_BINARY", bin),
            ("LOCKSTEP_POLICY", "kept.yaml"),
            ("LOCKSTEP_CONTROL_POLICY", ""),
            ("LOCKSTEP_RECEIPT", "lost"),
            ("LOCKSTEP_CONTROL_RECEIPT", "r.json"),
            ("LOCKSTEP_CONTROL_PLAN", " true"),
        ]));
        for line in ["LOCKSTEP_POLICY=kept.yaml", "LOCKSTEP_RECEIPT=r.json", "LOCKSTEP_PLAN=true"] {
            assert!(out_.lines().any(|l| l == line), "{out_}");
        }
        assert!(!out_.contains("LOCKSTEP_INPUT_"), "a control is no input of the step: {out_}");
        let out = out(&run(&[STEP, ("LOCKSTEP_BIN", bin), ("LOCKSTEP_CONTROL_PLAN", " false")]));
        assert!(!out.contains("LOCKSTEP_PLAN="), "{out}");
    });
}

#[test]
fn a_document_is_its_input() {
    in_each_shell(|checkout, run, _| {
        let bin = checkout.program("lockstep", STAND_IN).unwrap();
        let document = "files:\n  - '-n $(touch pwned)' # \\c %s";
        let out =
            out(&run(&[STEP, ("LOCKSTEP_BIN", bin.to_str().unwrap()), ("LOCKSTEP_DOCUMENT", document)]));
        assert!(
            out.contains("arg --inputs\narg -\narg --format\n") && out.ends_with(&format!("{document}\n")),
            "{out}"
        );
        let failing = checkout.program("lockstep", "#!/bin/sh\nexit 3\n").unwrap();
        let failed =
            run(&[STEP, ("LOCKSTEP_BIN", failing.to_str().unwrap()), ("LOCKSTEP_DOCUMENT", document)]);
        assert_eq!(failed.status.code(), Some(3));
    });
}

#[test]
fn only_the_name_of_a_step_is_one() {
    in_each_shell(|checkout, run, folder| {
        let bin = checkout.program("lockstep", STAND_IN).unwrap();
        for step in ["", "-x", "--plan", "a b", "A", "a/b", "$(touch pwned)", "a\nb", "é"] {
            refused(&run(&[("LOCKSTEP_STEP", step), ("LOCKSTEP_BIN", bin.to_str().unwrap())]), 2, "no step");
        }
        refused(&run(&[STEP, ("LOCKSTEP_BIN", "/nonexistent/lockstep")]), 2, "LOCKSTEP_BIN names no program");
        assert!(!folder.join("pwned").exists());
    });
}

#[test]
fn a_binary_that_is_not_the_released_one_is_not_run() {
    in_each_shell(|checkout, run, _| {
        checkout.release(STAND_IN).unwrap();
        let good = checkout.program("good", STAND_IN).unwrap();
        let other = checkout.program("other", &format!("{STAND_IN}# changed\n")).unwrap();
        let (good, other) = (good.to_str().unwrap(), other.to_str().unwrap());
        out(&run(&[STEP, ("LOCKSTEP_BIN", good)]));
        refused(&run(&[STEP, ("LOCKSTEP_BIN", other)]), 4, "not the one that belongs");
        out(&run(&[STEP, ("LOCKSTEP_BIN", other), ("LOCKSTEP_ALLOW_BUILD", "true")]));
    });
}

#[test]
fn a_binary_beside_the_script_is_found_and_checked_even_when_builds_are_allowed() {
    in_each_shell(|checkout, run, _| {
        let beside = format!("bin/{}/lockstep", target());
        checkout.program(&beside, STAND_IN).unwrap();
        out(&run(&[STEP]));
        checkout.release("something else").unwrap();
        refused(&run(&[STEP, ("LOCKSTEP_ALLOW_BUILD", "true")]), 4, "not the one that belongs");
    });
}

#[test]
fn a_build_is_run_only_when_that_is_allowed() {
    in_each_shell(|checkout, run, _| {
        checkout.program("target/release/lockstep", STAND_IN).unwrap();
        refused(&run(&[STEP]), 4, "no checksum for");
        out(&run(&[STEP, ("LOCKSTEP_ALLOW_BUILD", "true")]));
    });
}

#[test]
fn a_download_is_run_only_if_its_checksum_is_known_and_right() {
    in_each_shell(|checkout, run, folder| {
        let base = format!("file://{}/mirror/", folder.display());
        let base = ("LOCKSTEP_DOWNLOAD_BASE", &*base);
        refused(&run(&[STEP, base]), 4, "no checksum for");
        checkout.release(STAND_IN).unwrap();
        refused(&run(&[STEP]), 2, "no lockstep binary here");
        refused(&run(&[STEP, base]), 6, "could not download lockstep-1.2.3");

        checkout.program("mirror/lockstep-1.2.3", "#!/bin/sh\ntouch pwned\n").unwrap();
        refused(&run(&[STEP, base]), 4, "not the released one");
        let cache = folder.join(format!("home/.cache/lockstep/1.2.3/{}", target()));
        assert_eq!(fs::read_dir(&cache).unwrap().count(), 0, "nothing is left over");

        checkout.program("mirror/lockstep-1.2.3", STAND_IN).unwrap();
        out(&run(&[STEP, base]));
        out(&run(&[STEP]));
        fs::write(cache.join("lockstep"), "#!/bin/sh\ntouch pwned\n").unwrap();
        refused(&run(&[STEP]), 4, "not the one that belongs");
        assert!(!folder.join("pwned").exists());
    });
}

#[test]
fn no_program_or_function_of_the_caller_takes_part() {
    in_each_shell(|checkout, run, folder| {
        checkout.release(STAND_IN).unwrap();
        let evil = format!("#!/bin/sh\ntouch '{0}/pwned'\nexit 0\n", folder.display());
        for name in
            ["uname", "openssl", "sha256sum", "shasum", "cut", "curl", "cat", "printf", "sh", "lockstep"]
        {
            checkout.program(&format!("evil/{name}"), &evil).unwrap();
        }
        let bin = checkout.program("lockstep", &format!("{STAND_IN}# changed\n")).unwrap();
        let path = format!("{}/evil:/usr/bin:/bin", folder.display());
        let function = format!("() {{ touch '{}/pwned'; }}", folder.display());
        let refused_ = run(&[
            STEP,
            ("LOCKSTEP_BIN", bin.to_str().unwrap()),
            ("PATH", &path),
            ("CDPATH", "/tmp"),
            ("BASH_FUNC_sha256sum%%", &function),
            ("BASH_FUNC_uname%%", &function),
            ("BASH_FUNC_openssl%%", &function),
            ("BASH_FUNC_cut%%", &function),
        ]);
        refused(&refused_, 4, "not the one that belongs");
        assert!(!folder.join("pwned").exists());
    });
}
