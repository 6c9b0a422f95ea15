//! A repository with environments to promote between, and a workspace that is a checkout of it.

use crate::git::git;
use crate::support::{Run, Scene, program};
use std::fs;
use std::path::PathBuf;

/// The version in development.
pub const DEV: &str = "# dev\nkind: Deployment\nspec:\n  image: shop/web:1.3.0 # newest\n  replicas: 1\n";
/// The version in production.
pub const PROD: &str = "# prod\nkind: Deployment\nspec:\n  image:   shop/web:1.2.0   # runs\n  replicas: 5\n";

/// A bare repository with two environments, and a workspace that is a checkout of it.
#[derive(Debug)]
pub struct Shop {
    /// The address.
    pub scene: Scene,
}

impl Default for Shop {
    fn default() -> Self {
        Self::new()
    }
}

impl Shop {
    /// Creates the repository and the workspace.
    ///
    /// # Panics
    /// Git fails.
    #[must_use]
    pub fn new() -> Self {
        let scene = Scene::new();
        let shop = Self { scene };
        git(
            shop.scene.path("outside").as_path(),
            &["init", "--quiet", "--bare", "--initial-branch=main", "bare"],
        );
        shop.push(&[
            ("envs/dev/web.yaml", DEV),
            ("envs/prod/web.yaml", PROD),
            (".github/workflows/ci.yml", "on: push\n"),
        ]);
        let workspace = shop.scene.path("workspace");
        git(&workspace, &["init", "--quiet"]);
        git(&workspace, &["remote", "add", "origin", &shop.bare().display().to_string()]);
        shop
    }

    /// The repository.
    #[must_use]
    pub fn bare(&self) -> PathBuf {
        self.scene.path("outside/bare")
    }

    /// Pushes these files as another user.
    ///
    /// # Panics
    /// Git fails.
    pub fn push(&self, files: &[(&str, &str)]) {
        let work = tempfile::tempdir().expect("it can be done");
        git(work.path(), &["clone", "--quiet", &self.bare().display().to_string(), "."]);
        for (path, text) in files {
            let path = work.path().join(path);
            fs::create_dir_all(path.parent().expect("it can be done")).expect("it can be done");
            fs::write(path, text).expect("it can be done");
        }
        git(work.path(), &["add", "--all"]);
        git(work.path(), &["commit", "--quiet", "--message", "others"]);
        git(work.path(), &["push", "--quiet", "origin", "HEAD:main"]);
    }

    /// The commit of `main`.
    #[must_use]
    pub fn head(&self) -> String {
        git(&self.bare(), &["rev-parse", "main"])
    }

    /// The file of `main` at a path.
    #[must_use]
    pub fn text(&self, path: &str) -> String {
        git(&self.bare(), &["show", &format!("main:{path}")]) + "\n"
    }

    /// The number of commits of `main`.
    ///
    /// # Panics
    /// Git fails.
    #[must_use]
    pub fn count(&self) -> usize {
        git(&self.bare(), &["rev-list", "--count", "main"]).parse().expect("it can be done")
    }

    /// Adds a hook to the repository.
    ///
    /// # Panics
    /// The system cannot write the file.
    pub fn hook(&self, name: &str, text: &str) {
        program(&self.bare().join("hooks").join(name), text);
    }

    /// A promotion of the image.
    #[must_use]
    pub fn run(&self) -> Run<'_> {
        run(&self.scene)
    }
}

/// A promotion of the image, in a workspace that is a checkout.
#[must_use]
pub fn run(scene: &Scene) -> Run<'_> {
    scene.run("env-promote").args(["--from", "envs/dev", "--to", "envs/prod", "--pick", ".spec.image"])
}
