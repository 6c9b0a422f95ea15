//! A run with many bytes gives its files to jobs; the result is that of a run without jobs.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{inputs, patch_here};
use lockstep_sdk::fake::{FakeReporter, FakeWorkspace};
use manifest_patch::{Inputs, Job};

#[test]
fn files_of_a_large_run_go_to_jobs_and_come_back_in_order() {
    let padding = format!("# {}\n", "x".repeat(50_000));
    let mut files = FakeWorkspace::default();
    for number in 0..20 {
        files = files.with_file(&format!("{number:02}.yaml"), format!("replicas: {number}\n{padding}"));
    }
    let inputs = Inputs { set_json: vec!["replicas=3".to_owned()], ..inputs() };
    let mut sizes = Vec::new();
    let patch = |jobs: &[Job]| {
        sizes.extend(jobs.iter().map(|job| job.files.len()));
        patch_here(jobs)
    };
    let outputs = manifest_patch::run(&mut files, &mut FakeReporter::default(), patch, &inputs).unwrap();
    assert_eq!(sizes, [2; 10]);
    assert_eq!((outputs.edits, outputs.files.len()), (19, 19));
    for number in 0..20 {
        let path = format!("{number:02}.yaml");
        assert_eq!(files.text(&path), Some(format!("replicas: 3\n{padding}").as_str()), "{path}");
        assert_eq!(outputs.files.contains(&path), number != 3, "{path}");
    }
}
