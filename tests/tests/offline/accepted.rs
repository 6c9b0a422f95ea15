//! Which components the compiler accepts: what compilers of steps emit, and nothing beyond it.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use lockstep_tests::support::slim;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Has the compiler beside the finished program compile this; gives the size of the machine code.
fn compiles(component: &str) -> Result<usize, String> {
    let component = wat::parse_str(component).unwrap_or_else(|error| panic!("{component}: {error}"));
    let mut compiler = Command::new(slim().with_file_name("lockstep-compiler"));
    compiler.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = compiler.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&component).unwrap();
    let ended = child.wait_with_output().unwrap();
    match ended.status.success() {
        true => Ok(ended.stdout.len()),
        false => Err(String::from_utf8_lossy(&ended.stderr).into_owned()),
    }
}

fn module(text: &str) -> Result<usize, String> {
    compiles(&format!("(component (core module {text}))"))
}

#[test]
fn components_of_usual_compilers_are_accepted() {
    for text in [
        "(func (result i32 i32) i32.const 1 i32.const 2)",
        "(memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 9)))",
        "(func (result v128) (v128.const i32x4 0 0 0 0))",
        "(table 1 funcref) (func (param funcref) (table.set (i32.const 0) (local.get 0)))",
        "(import \"env\" \"base\" (global i32)) (global i32 (i32.add (global.get 0) (i32.const 1)))",
        "(func (param f32) (result i32) (i32.trunc_sat_f32_s (local.get 0)))",
        "(func (param i32) (result i32) (i32.extend8_s (local.get 0)))",
    ] {
        module(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn features_that_no_step_needs_are_refused() {
    for text in [
        "(memory i64 1)",
        "(memory 1 1 shared)",
        "(memory 1) (func (result i32) (i32.atomic.load (i32.const 0)))",
        "(func (return_call 0))",
        "(func (param (ref func)))",
        "(type (struct))",
        "(func (param externref))",
        "(tag)",
        "(memory 1 (pagesize 1))",
        "(func (result i64 i64) (i64.add128 (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))",
        "(func (param v128 v128 v128) (result v128)
            (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))",
    ] {
        assert!(module(text).is_err(), "{text}");
    }
    for text in ["(component (type (map string u32)))", "(component (type (list u8 4)))"] {
        assert!(compiles(text).is_err(), "{text}");
    }
    assert!(compiles("(component (type (func async)))").is_err());
    assert!(compiles("(component (core func (canon error-context.drop)))").is_err());
}

/// What components that were composed hand each other goes from one memory to another.
#[test]
fn composed_components_are_accepted() {
    let composed = r#"(component
        (component $giver
            (core module $m
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
                (func (export "take") (param i32 i32)))
            (core instance $i (instantiate $m))
            (func (export "take") (param "text" string)
                (canon lift (core func $i "take") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
        (instance $giver (instantiate $giver))
        (component $user
            (import "take" (func $take (param "text" string)))
            (core module $memory (memory (export "memory") 1))
            (core instance $memory (instantiate $memory))
            (core func $take (canon lower (func $take) (memory (core memory $memory "memory"))))
            (core module $m
                (import "host" "take" (func $take (param i32 i32)))
                (func (export "run") (call $take (i32.const 0) (i32.const 4))))
            (core instance $i (instantiate $m (with "host" (instance (export "take" (func $take))))))
            (func (export "run") (canon lift (core func $i "run"))))
        (instance (instantiate $user (with "take" (func $giver "take")))))"#;
    compiles(composed).unwrap();
}
