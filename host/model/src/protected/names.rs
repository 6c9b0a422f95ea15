//! The names of files and folders that no step can change, as data, with the program that reads them and its
//! documentation. A name counts at any depth, because a folder below the workspace can be a checkout too.

/// Names that one program reads.
#[derive(Debug)]
pub struct ProtectedNames {
    /// The program.
    pub reader: &'static str,
    /// Its documentation.
    pub source: &'static str,
    /// Names of files, in lower case. One `*` stands for any text.
    pub files: &'static [&'static str],
    /// Names of folders, in the same form. Everything below them is protected too.
    pub folders: &'static [&'static str],
}

/// Files that decide about the jobs of a CI system or a build service.
pub const CI: &[ProtectedNames] = &[
    row("GitHub Actions and Dependabot", "docs.github.com/actions", &[], &[".github"]),
    row("GitHub Actions: what `uses:` runs", "docs.github.com/actions", &["action.yml", "action.yaml"], &[]),
    row(
        "GitLab CI/CD",
        "docs.gitlab.com/ci/yaml",
        &[".gitlab-ci*", "*.gitlab-ci.yml", "*.gitlab-ci.yaml"],
        &[".gitlab", ".gitlab-ci*"],
    ),
    row("Gitea Actions", "docs.gitea.com/usage/actions", &[], &[".gitea"]),
    row("Forgejo Actions", "forgejo.org/docs", &[], &[".forgejo"]),
    row("Jenkins", "www.jenkins.io/doc/book/pipeline/jenkinsfile", &["jenkinsfile*", "*.jenkinsfile"], &[]),
    row("CircleCI", "circleci.com/docs", &["circle.yml"], &[".circleci"]),
    row(
        "Buildkite",
        "buildkite.com/docs/pipelines",
        &["buildkite.yml", "buildkite.yaml", "buildkite.json"],
        &[".buildkite"],
    ),
    row("Woodpecker", "woodpecker-ci.org/docs", &[".woodpecker.y*ml"], &[".woodpecker"]),
    row("Drone", "docs.drone.io", &[".drone.*"], &[]),
    row("Travis CI", "docs.travis-ci.com", &[".travis.yml"], &[".travis"]),
    row(
        "Azure Pipelines",
        "learn.microsoft.com/azure/devops/pipelines",
        &["azure-pipelines*", ".azure-pipelines*", ".vsts-ci.y*ml", "vsts-ci.y*ml"],
        &["azure-pipelines", ".azure-pipelines", ".azuredevops", ".azdo"],
    ),
    row("Bitbucket Pipelines", "support.atlassian.com/bitbucket-cloud", &["bitbucket-pipelines.y*ml"], &[]),
    row("Tekton's Pipelines as Code", "pipelinesascode.com", &[], &[".tekton"]),
    row(
        "AWS CodeBuild, CodeDeploy and Amplify",
        "docs.aws.amazon.com/codebuild",
        &["buildspec*.yml", "buildspec*.yaml", "appspec.y*ml", "amplify.y*ml"],
        &[],
    ),
    row(
        "Google Cloud Build",
        "cloud.google.com/build/docs",
        &["cloudbuild*.yaml", "cloudbuild*.yml", "cloudbuild*.json"],
        &[".cloudbuild"],
    ),
    row("Cirrus CI", "cirrus-ci.org/guide", &[".cirrus.*"], &[]),
    row("AppVeyor", "www.appveyor.com/docs", &["appveyor*.yml", ".appveyor*.yml"], &[]),
    row("Semaphore", "docs.semaphore.io", &[], &[".semaphore"]),
    row("Codefresh", "codefresh.io/docs", &["codefresh*.yml", "codefresh*.yaml"], &[".codefresh"]),
    row("SourceHut", "man.sr.ht/builds.sr.ht", &[".build.yml", ".build.yaml"], &[".builds"]),
    row("Harness", "developer.harness.io/docs", &[], &[".harness"]),
    row("Screwdriver", "docs.screwdriver.cd", &["screwdriver.y*ml", ".screwdriver.y*ml"], &[]),
    row("TeamCity", "www.jetbrains.com/help/teamcity", &[".teamcity.yml"], &[".teamcity"]),
    row("JetBrains Space", "www.jetbrains.com/help/space", &[".space.kts"], &[]),
    row("Zuul", "zuul-ci.org/docs", &["zuul.y*ml", ".zuul.y*ml"], &["zuul.d", ".zuul.d"]),
    row("Prow", "docs.prow.k8s.io", &[".prow.y*ml"], &[".prow"]),
    row("GoCD", "docs.gocd.org", &["*.gocd.yaml", "*.gocd.yml", "*.gopipeline.json"], &[]),
    row("Bitrise", "docs.bitrise.io", &["bitrise.y*ml", ".bitrise.y*ml"], &[".bitrise"]),
    row("Codemagic", "docs.codemagic.io", &["codemagic.y*ml"], &[]),
    row("Wercker", "github.com/wercker/wercker", &["wercker.y*ml"], &[]),
    row("Shippable", "github.com/Shippable/docs", &["shippable.yml", ".shippable.yml"], &[]),
    row("Scrutinizer", "scrutinizer-ci.com/docs", &[".scrutinizer.yml"], &[]),
    row("OneDev", "docs.onedev.io", &[".onedev-buildspec.yml"], &[]),
    row("Earthly", "docs.earthly.dev", &["earthfile", "earthly.y*ml"], &[]),
    row("Dagger", "docs.dagger.io", &["dagger.json", "dagger.cue"], &[]),
    row("Packit", "packit.dev/docs", &[".packit.*", "packit.y*ml"], &[]),
    row("Read the Docs", "docs.readthedocs.com", &[".readthedocs.y*ml", "readthedocs.y*ml"], &[]),
    row("Netlify", "docs.netlify.com", &["netlify.toml"], &[]),
    row("Vercel", "vercel.com/docs/project-configuration", &["vercel.json", "now.json"], &[]),
    row(
        "Development containers",
        "containers.dev",
        &[".devcontainer.json", ".gitpod.yml"],
        &[".devcontainer"],
    ),
    row("Vela", "go-vela.github.io/docs", &[".vela.y*ml"], &[]),
    row("Bamboo", "confluence.atlassian.com/bamboo", &[], &["bamboo-specs"]),
    row("CDS", "ovh.github.io/cds", &[], &[".cds"]),
    row("Platform.sh", "docs.platform.sh", &[".platform.app.yaml"], &[".platform"]),
    row("Render", "render.com/docs/blueprint-spec", &["render.y*ml"], &[]),
    row("Code Climate", "docs.codeclimate.com", &[".codeclimate.y*ml"], &[]),
    row("Codecov", "docs.codecov.com", &["codecov.y*ml", ".codecov.y*ml"], &[]),
    row("Visual Studio Code: tasks", "code.visualstudio.com/docs", &[], &[".vscode"]),
    row("Coding agents: hooks and tools", "modelcontextprotocol.io", &[".mcp.json"], &[".claude", ".cursor"]),
    row("direnv and mise", "direnv.net", &[".envrc", "mise.toml", ".mise.toml"], &[".mise"]),
    row("Hosts that run `.ci/run`", "a custom, not a product", &[], &[".ci"]),
];

/// Files that decide about bots, hooks, the approval of changes, and the sources of Git.
pub const REPOSITORY: &[ProtectedNames] = &[
    row("Code owners of GitHub, GitLab and Gitea", "docs.github.com/repositories", &["codeowners"], &[]),
    row(
        "Owners of Prow and Gerrit",
        "www.kubernetes.dev/docs/guide/owners",
        &["owners", "owners_aliases"],
        &[],
    ),
    row(
        "Git: submodules, filters, merges",
        "git-scm.com/docs/gitmodules",
        &[".gitmodules", ".gitattributes"],
        &[],
    ),
    row("Git LFS: the server that gets the credential", "git-lfs.com", &[".lfsconfig"], &[]),
    row("pre-commit", "pre-commit.com", &[".pre-commit-config.y*ml", ".pre-commit-hooks.y*ml"], &[]),
    row("Husky", "typicode.github.io/husky", &[], &[".husky"]),
    row("Lefthook", "lefthook.dev", &["lefthook*", ".lefthook*"], &[".lefthook"]),
    row("Overcommit", "github.com/sds/overcommit", &[".overcommit.yml"], &[]),
    row(
        "simple-git-hooks",
        "github.com/toplenboren/simple-git-hooks",
        &["simple-git-hooks.*", ".simple-git-hooks.*"],
        &[],
    ),
    row(
        "lint-staged",
        "github.com/lint-staged/lint-staged",
        &[".lintstagedrc*", "lint-staged.config.*"],
        &[],
    ),
    row("CaptainHook", "captainhook.info", &["captainhook.json", ".captainhook.json"], &[]),
    row("hk", "hk.jdx.dev", &["hk.pkl"], &[]),
    row(
        "Hooks in a folder of the repository",
        "git-scm.com/docs/githooks",
        &[],
        &[".githooks", ".git-hooks"],
    ),
    row("Mergify", "docs.mergify.com", &[".mergify.y*ml", "mergify.y*ml"], &[".mergify"]),
    row("Aviator", "docs.aviator.co", &[], &[".aviator"]),
    row("Trunk", "docs.trunk.io", &[], &[".trunk"]),
    row("Graphite", "graphite.dev/docs", &[".graphite*"], &[]),
    row("PullApprove", "docs.pullapprove.com", &[".pullapprove.y*ml"], &[]),
    row("CodeRabbit", "docs.coderabbit.ai", &[".coderabbit.y*ml"], &[]),
    row("Maintainers", "docs.kernel.org/process/maintainers.html", &["maintainers"], &[]),
    row("Kodiak", "kodiakhq.com/docs", &[".kodiak.toml"], &[]),
    row("Bors", "bors.tech", &["bors.toml", ".bors.toml"], &[]),
    row(
        "Bulldozer and Policy Bot",
        "github.com/palantir/policy-bot",
        &[".bulldozer.yml", ".policy.yml"],
        &[],
    ),
    row("Rultor", "doc.rultor.com", &[".rultor.yml"], &[]),
    row("Atlantis", "www.runatlantis.io/docs", &["atlantis.y*ml", ".atlantis.y*ml"], &[]),
    row("Digger", "docs.digger.dev", &["digger.y*ml"], &[]),
    row("Terrateam", "docs.terrateam.io", &[], &[".terrateam"]),
    row("Spacelift", "docs.spacelift.io", &[], &[".spacelift"]),
    row("env zero", "docs.env0.com", &["env0.y*ml", "env0.workflow.y*ml"], &[]),
    row("Renovate", "docs.renovatebot.com", &["renovate.json", ".renovaterc*", "renovate.json5"], &[]),
    row(
        "Dependabot before it moved to `.github`",
        "docs.github.com/code-security/dependabot",
        &[],
        &[".dependabot"],
    ),
];

/// Policies, and the files in which package managers record what they install.
pub const LOCKS: &[ProtectedNames] = &[
    row(
        "Policies of lockstep",
        "README.md",
        &["lockstep.y*ml", ".lockstep.y*ml", "lockstep-policy.y*ml"],
        &[".lockstep"],
    ),
    row(
        "Rules of scanners and linters",
        "docs.github.com/code-security",
        &[
            ".gitleaks.toml",
            ".semgrep.y*ml",
            ".semgrepignore",
            ".snyk",
            ".checkov.y*ml",
            ".tflint.hcl",
            ".sops.yaml",
            ".trivyignore*",
        ],
        &[".semgrep"],
    ),
    row(
        "Cargo, Yarn, Poetry, uv, Bundler, Composer, Nix, Helm, Terraform and others",
        "doc.rust-lang.org/cargo",
        &[
            "*.lock",
            "*.lock.json",
            "*.lock.hcl",
            "*.lock.toml",
            "*.lock.yaml",
            "*.lock.yml",
            "*.lockb",
            "*.lockfile",
        ],
        &[],
    ),
    row(
        "npm, pnpm, conda-lock",
        "docs.npmjs.com/cli",
        &["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.y*ml", "conda-lock.y*ml", "vcpkg-lock.json"],
        &[],
    ),
    row("pip", "packaging.python.org/specifications/pylock-toml", &["pylock.*"], &[]),
    row("Go", "go.dev/ref/mod", &["go.sum", "go.work.sum"], &[]),
    row("Gradle", "docs.gradle.org", &["verification-metadata.xml", "verification-keyring.*"], &[]),
    row("NuGet", "learn.microsoft.com/nuget", &["packages.lock.json"], &[]),
    row(
        "Swift and Carthage",
        "docs.swift.org/package-manager",
        &["package.resolved", "cartfile.resolved"],
        &[],
    ),
    row("Cabal", "cabal.readthedocs.io", &["cabal.project.freeze"], &[]),
];

const fn row(
    reader: &'static str,
    source: &'static str,
    files: &'static [&'static str],
    folders: &'static [&'static str],
) -> ProtectedNames {
    ProtectedNames { reader, source, files, folders }
}
