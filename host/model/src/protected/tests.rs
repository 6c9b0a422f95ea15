//! Tests of the names that are out of reach.

use super::*;
use names::{CI, LOCKS, REPOSITORY};
use proptest::prelude::*;

#[test]
fn version_control_and_own_files_are_out_of_reach() {
    for path in [
        ".git",
        ".git/config",
        "a/.GIT/config",
        "a/.git",
        ".git./x",
        ".git /x",
        ".git::$INDEX_ALLOCATION/config",
        ".g\u{131}t/x",
        ".gi\u{34f}t/config",
        ".lockstep-journal",
        ".LOCK\u{17f}TEP-x",
    ] {
        assert!(unreachable(path).is_some() && unchangeable(path).is_some(), "{path}");
    }
    for path in ["a/git", ".gitignore", ".github/x", "lockstep.yaml", "x.git"] {
        assert!(unreachable(path).is_none(), "{path}");
    }
}

#[test]
fn no_step_changes_files_of_ci_at_any_depth() {
    for path in [
        ".github/workflows/x.yml",
        ".GitHub/x",
        ".gitlab-ci.yml",
        ".gitlab-ci/x.yml",
        ".gitlab-ci-deploy.yml",
        "Jenkinsfile",
        "Jenkinsfile.prod",
        "azure-pipelines.yaml",
        ".azure-pipelines/x.yml",
        "cloudbuild.yaml",
        "buildspec.yml",
        ".cirrus.yml",
        "appveyor.yml",
        ".semaphore/semaphore.yml",
        "codefresh.yml",
        ".build.yml",
        ".builds/x.yml",
        ".harness/x.yaml",
        ".screwdriver.yml",
        "screwdriver.yaml",
        "action.yml",
        "atlantis.yaml",
        ".mergify.yml",
        ".pre-commit-config.yaml",
        ".gitmodules",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        "Cargo.lock",
        "yarn.lock",
        ".terraform.lock.hcl",
        "package-lock.json",
        "pnpm-lock.yaml",
        "go.sum",
        "lockstep.yaml",
        "lockstep.lock",
    ] {
        for path in [path.to_owned(), format!("ws/{path}"), format!("a/b/{}", path.to_uppercase())] {
            assert!(unchangeable(&path).is_some(), "{path}");
        }
    }
}

#[test]
fn other_spellings_of_a_protected_name_are_the_same_name() {
    for path in [
        "Jenkin\u{17f}file",
        "Jenkins\u{fb01}le",
        ".woodpec\u{212a}er/x",
        ".\u{212a}odia\u{212a}.toml",
        ".github./workflows/x.yml",
        ".gitlab-ci.yml::$DATA",
        ".gitlab-ci.yml ",
        "a/.git\u{3164}hub/x",
        "CODEOWNER\u{17f}",
    ] {
        assert!(unchangeable(path).is_some(), "{path}");
    }
}

#[test]
fn a_name_that_resembles_a_protected_one_can_be_changed() {
    for path in [
        "deploy/Jenkinsfile.d/x",
        "github/x",
        ".gitignore",
        "deploy/action.yaml.tpl",
        "owners/web.yaml",
        "deploy/blocked.yaml",
        "deploy/lock.yaml",
        "Chart.yaml",
        "deploy/renovate.yaml",
        "envs/env01.yaml",
        "my-action.yml",
    ] {
        assert_eq!(unchangeable(path), None, "{path}");
    }
}

#[test]
fn the_data_is_in_the_form_that_is_compared() {
    for reserved in CI.iter().chain(REPOSITORY).chain(LOCKS) {
        assert!(!reserved.reader.is_empty() && !reserved.source.is_empty());
        assert!(!reserved.files.is_empty() || !reserved.folders.is_empty(), "{}", reserved.reader);
        for pattern in reserved.files.iter().chain(reserved.folders) {
            assert!(pattern.matches('*').count() <= 1, "{pattern}");
            assert_eq!(folded(pattern), **pattern, "{}", reserved.reader);
            assert!(pattern.len() > 1 && !pattern.contains('/'), "{pattern}");
        }
    }
}

proptest! {
    #[test]
    fn letter_case_never_opens_a_name(flips in any::<u64>()) {
        for reserved in CI.iter().chain(REPOSITORY).chain(LOCKS) {
            for pattern in reserved.files.iter().chain(reserved.folders) {
                let flip = |(i, c): (usize, char)| if flips >> (i % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c };
                let name: String = pattern.replace('*', "x").chars().enumerate().map(flip).collect();
                prop_assert!(unchangeable(&format!("a/{name}")).is_some(), "{}", name);
            }
        }
    }
}
