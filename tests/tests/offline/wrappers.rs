//! The script that every wrapper becomes: which binary it runs, which it refuses, and that nothing around it
//! makes it run something else. With `LOCKSTEP_SHELLS` (commands separated by `:`) in those shells too.

#![expect(clippy::print_stderr, reason = "says in which shell a test failed")]

use lockstep_tests::shim::{Checkout, STAND_IN, target};
use std::fs;
use std::path::Path;
use std::process::Output;

/// Runs a test in each shell, each time in an empty folder.
pub(crate) fn in_each_shell(test: impl Fn(&Checkout, &dyn Fn(&[(&str, &str)]) -> Output, &Path)) {
    with_each_shell(|checkout, run, folder| test(checkout, &|env| run(&[], env), folder));
}

/// The same, for wrappers that say something about the program.
fn with_each_shell(test: impl Fn(&Checkout, &dyn Fn(&[&str], &[(&str, &str)]) -> Output, &Path)) {
    let others = std::env::var_os("LOCKSTEP_SHELLS").unwrap_or_default().into_string().expect("text");
    let known = ["/bin/sh", "/bin/dash", "/bin/bash --posix", "/bin/bash"].into_iter();
    let shells = known.filter(|shell| Path::new(shell.split(' ').next().unwrap_or_default()).exists());
    for shell in shells.chain(others.split(':').filter(|shell| !shell.is_empty())) {
        eprintln!("in {shell}");
        let folder = tempfile::tempdir().expect("a folder");
        let checkout = Checkout::new(folder.path()).expect("a checkout");
        let words: Vec<&str> = shell.split(' ').collect();
        let run =
            |said: &[&str], env: &[(&str, &str)]| checkout.run_with(&words, said, env).expect("a shell");
        test(&checkout, &run, folder.path());
    }
}

pub(crate) fn out(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", err(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn refused(output: &Output, code: i32, word: &str) {
    assert_eq!((output.status.code(), &*output.stdout), (Some(code), &b""[..]), "{}", err(output));
    let err = err(output);
    assert!(err.contains("error: ") && err.contains(word) && err.contains("\n  hint: "), "{err}");
}

pub(crate) const STEP: (&str, &str) = ("LOCKSTEP_STEP", "manifest-patch");

#[test]
fn the_shim_becomes_the_named_program() {
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
fn an_input_of_the_wrapper_wins_over_the_variable() {
    with_each_shell(|checkout, run, _| {
        let bin = checkout.program("lockstep", STAND_IN).unwrap();
        let bin = bin.to_str().unwrap();
        let said = [&*format!("--binary={bin}"), "--own-build=false"];
        let env = [
            STEP,
            ("LOCKSTEP_BIN", "/nonexistent"),
            ("LOCKSTEP_POLICY", "kept.yaml"),
            ("LOCKSTEP_CONTROL_POLICY", ""),
            ("LOCKSTEP_RECEIPT", "lost"),
            ("LOCKSTEP_CONTROL_RECEIPT", "r.json"),
            ("LOCKSTEP_CONTROL_DRY_RUN", " true"),
        ];
        let out_ = out(&run(&said, &env));
        for line in ["LOCKSTEP_POLICY=kept.yaml", "LOCKSTEP_RECEIPT=r.json", "LOCKSTEP_DRY_RUN= true"] {
            assert!(out_.lines().any(|l| l == line), "{out_}");
        }
        assert!(!out_.contains("LOCKSTEP_INPUT_"), "a control is no input of the step: {out_}");
        for (given, wanted) in [(" false", " false"), ("True", "True"), (" ", "true"), ("", "true")] {
            let given = [
                STEP,
                ("LOCKSTEP_BIN", bin),
                ("LOCKSTEP_CONTROL_DRY_RUN", given),
                ("LOCKSTEP_DRY_RUN", "true"),
            ];
            let out = out(&run(&[], &given));
            assert!(out.lines().any(|line| line == format!("LOCKSTEP_DRY_RUN={wanted}")), "{out}");
        }
    });
}

#[test]
fn a_document_goes_to_standard_input() {
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
fn only_the_name_of_a_step_is_accepted() {
    in_each_shell(|checkout, run, folder| {
        let bin = checkout.program("lockstep", STAND_IN).unwrap();
        for step in ["", "-x", "--dry-run", "a b", "A", "a/b", "$(touch pwned)", "a\nb", "é"] {
            refused(
                &run(&[("LOCKSTEP_STEP", step), ("LOCKSTEP_BIN", bin.to_str().unwrap())]),
                2,
                "is not the name of a step",
            );
        }
        refused(
            &run(&[STEP, ("LOCKSTEP_BIN", "/nonexistent/lockstep")]),
            2,
            "/nonexistent/lockstep from LOCKSTEP_BIN is not a program",
        );
        assert!(!folder.join("pwned").exists());
    });
}

#[test]
fn a_program_with_another_checksum_does_not_run() {
    in_each_shell(|checkout, run, folder| {
        checkout.release(STAND_IN).unwrap();
        let good = checkout.program("good", STAND_IN).unwrap();
        let evil = format!("#!/bin/sh\ntouch '{}/pwned'\n", folder.display());
        let other = checkout.program("other", &evil).unwrap();
        let (good, other) = (good.to_str().unwrap(), other.to_str().unwrap());
        out(&run(&[STEP, ("LOCKSTEP_BIN", good)]));
        refused(&run(&[STEP, ("LOCKSTEP_BIN", other)]), 4, "is not lockstep 1.2.3 for");
        // Whatever variables say: an earlier step or job can set them.
        for (name, value) in [
            ("LOCKSTEP_ALLOW_BUILD", "true"),
            ("LOCKSTEP_CONTROL_OWN_BUILD", "true"),
            ("LOCKSTEP_OWN_BUILD", "true"),
            ("own", "true"),
            ("expected", ""),
        ] {
            let ended = run(&[STEP, ("LOCKSTEP_BIN", other), (name, value)]);
            refused(&ended, 4, "is not lockstep 1.2.3 for");
            let named =
                run(&[STEP, ("LOCKSTEP_CONTROL_BINARY", other), ("LOCKSTEP_BIN", good), (name, value)]);
            out(&named);
        }
        let said = run(&[STEP, ("LOCKSTEP_BIN", good), ("LOCKSTEP_ALLOW_BUILD", "true")]);
        assert!(err(&said).contains("note: LOCKSTEP_ALLOW_BUILD is ignored"), "{}", err(&said));
        assert!(!folder.join("pwned").exists());
    });
}

#[test]
fn only_the_wrapper_itself_allows_credentials_of_the_workspace() {
    with_each_shell(|checkout, run, _| {
        let bin = checkout.program("lockstep", STAND_IN).unwrap();
        let env = [
            STEP,
            ("LOCKSTEP_BIN", bin.to_str().unwrap()),
            ("LOCKSTEP_CONTROL_ALLOW_WORKSPACE_CREDENTIALS", "true"),
            ("workspace_credentials", "true"),
        ];
        let begin = |value: &str| out(&run(&[&format!("--allow-workspace-credentials={value}")], &env));
        for value in ["", "false"] {
            assert!(!begin(value).contains("allow-workspace-credentials"), "{value}");
        }
        let allowed = begin("true");
        assert!(
            allowed.starts_with("arg run\narg manifest-patch\narg --allow-workspace-credentials\n"),
            "{allowed}"
        );
        let ended = run(&["--allow-workspace-credentials=yes"], &env);
        refused(&ended, 2, "the input allow-workspace-credentials is neither true nor false");
    });
}

#[test]
fn an_own_build_runs_where_the_wrapper_itself_names_it() {
    with_each_shell(|checkout, run, folder| {
        checkout.release(STAND_IN).unwrap();
        let own = checkout.program("own", &format!("{STAND_IN}# own\n")).unwrap();
        let (own, evil) = (own.to_str().unwrap(), format!("#!/bin/sh\ntouch '{}/pwned'\n", folder.display()));
        let evil = checkout.program("evil", &evil).unwrap();
        let said = |build: &str| [format!("--binary={own}"), format!("--own-build={build}")];
        let with = |build: &str, env: &[(&str, &str)]| {
            let said = said(build);
            run(&[&said[0], &said[1]], env)
        };
        out(&with("true", &[STEP, ("LOCKSTEP_BIN", evil.to_str().unwrap())]));
        refused(&with("false", &[STEP]), 4, "is not lockstep 1.2.3 for");
        refused(&with("yes", &[STEP]), 2, "neither true nor false");
        // The word of the wrapper is about the program that the wrapper names, and no other.
        let named_by_variable = run(&["--own-build=true"], &[STEP, ("LOCKSTEP_BIN", evil.to_str().unwrap())]);
        refused(&named_by_variable, 4, "is not lockstep 1.2.3 for");
        assert!(!folder.join("pwned").exists());
    });
}

#[test]
fn the_verified_program_runs_and_no_other_of_its_name() {
    in_each_shell(|checkout, run, folder| {
        checkout.release(STAND_IN).unwrap();
        checkout.program("lockstep-good", STAND_IN).unwrap();
        let evil = format!("#!/bin/sh\ntouch '{}/pwned'\n", folder.display());
        checkout.program("evil/lockstep-good", &evil).unwrap();
        let path = format!("{}/evil:/usr/bin:/bin", folder.display());
        // A name without a slash means the file here, not one along the caller's PATH.
        out(&run(&[STEP, ("LOCKSTEP_BIN", "lockstep-good"), ("PATH", &path)]));
        assert!(!folder.join("pwned").exists());
    });
}

#[test]
fn a_program_beside_the_shim_is_verified_even_if_builds_are_allowed() {
    in_each_shell(|checkout, run, _| {
        let beside = format!("bin/{}/lockstep", target());
        checkout.program(&beside, STAND_IN).unwrap();
        out(&run(&[STEP]));
        checkout.release("something else").unwrap();
        refused(&run(&[STEP, ("LOCKSTEP_ALLOW_BUILD", "true")]), 4, "is not lockstep 1.2.3 for");
    });
}

#[test]
fn a_build_runs_only_if_builds_are_allowed() {
    in_each_shell(|checkout, run, _| {
        checkout.program("target/release/lockstep", STAND_IN).unwrap();
        refused(&run(&[STEP]), 2, "there is no lockstep to run");
        out(&run(&[STEP, ("LOCKSTEP_ALLOW_BUILD", "true")]));
    });
}

#[test]
fn without_a_release_the_hint_is_to_build() {
    in_each_shell(|_, run, _| {
        let ended = run(&[STEP]);
        refused(&ended, 2, &format!("ci/CHECKSUMS names no release for {}", target()));
        let err = err(&ended);
        assert!(err.contains("run 'cargo xtask build'") && err.contains("set LOCKSTEP_BIN to"), "{err}");
    });
}

#[test]
fn messages_show_no_character_that_a_ci_system_obeys() {
    in_each_shell(|_, run, _| {
        let ended = run(&[STEP, ("LOCKSTEP_BIN", "a\n::add-mask::x ##[warning]")]);
        refused(&ended, 2, "a???add-mask??x ???warning? from LOCKSTEP_BIN is not a program");
    });
}

/// The commands that POSIX calls special, and the words of its grammar. Bash started with `--posix` takes no function of
/// such a name and ends.
const SPECIAL: &str = ". : break continue eval exec exit export readonly return set shift source times trap unset case coproc do done \
                       elif else esac fi for function if in select then time until while";

/// Every word of the script that could be the name of a command, and those that shells have themselves.
fn names() -> Vec<String> {
    let script = fs::read_to_string(lockstep_tests::shim::root().join("ci/run.sh")).expect("the script");
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let words = script.split(|c: char| !is_part(c)).map(str::to_owned);
    let own = "[ alias bg bind builtin caller cd command compgen declare dirs echo enable false fc getopts hash jobs \
               kill let local logout popd printf pushd pwd read shopt test true type typeset ulimit umask unalias \
               wait";
    let mut names: Vec<String> = words.chain(own.split_whitespace().map(str::to_owned)).collect();
    names.retain(|name| {
        !name.is_empty() && !name.starts_with('-') && !SPECIAL.split(' ').any(|own| own == name)
    });
    names.sort();
    names.dedup();
    names
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
        fs::write(folder.join("startup"), format!("touch '{}/pwned'\n", folder.display())).unwrap();
        let good = checkout.program("good", STAND_IN).unwrap();
        let other = checkout.program("other", &format!("{STAND_IN}# changed\n")).unwrap();
        let path = format!("{}/evil:/usr/bin:/bin", folder.display());
        let function = format!("() {{ touch '{}/pwned'; }}", folder.display());
        let variable = |name: &str| format!("BASH_FUNC_{name}%%");
        let plain: Vec<String> = names().iter().map(|name| variable(name)).collect();
        let special: Vec<String> = SPECIAL.split_whitespace().map(variable).collect();
        for (program, code, functions) in [
            (&good, Some(0), &plain),
            (&other, Some(4), &plain),
            (&good, None, &special),
            (&other, None, &special),
        ] {
            let startup = folder.join("startup");
            let mut env = vec![
                STEP,
                ("LOCKSTEP_BIN", program.to_str().unwrap()),
                ("PATH", &*path),
                ("CDPATH", "/tmp"),
                ("IFS", "a/"),
                ("ENV", startup.to_str().unwrap()),
            ];
            env.extend(functions.iter().map(|name| (&**name, &*function)));
            let ended = run(&env);
            assert!(code.is_none() || ended.status.code() == code, "{:?} {}", ended.status, err(&ended));
            assert!(!folder.join("pwned").exists(), "{}", err(&ended));
        }
    });
}
