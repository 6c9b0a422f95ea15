//! Any text as the address of a web server, as objects of a cluster or as files, branches and pull requests of a
//! repository: it is refused, or it is what it says, and covers nothing that is elsewhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lockstep_model::repository::{self, Repository, RepositoryPart, RepositoryScope};
use lockstep_model::resource::Resource;
use lockstep_model::web::WebAddress;

fuzz_target!(|texts: (&str, &str)| {
    let (scope, target) = texts;
    if let (Ok(scope), Ok(target)) = (WebAddress::parse(scope), WebAddress::parse(target)) {
        assert_eq!(WebAddress::parse(target.as_str()).map(|again| again.origin()), Ok(target.origin()));
        if scope.covers(&target) {
            assert_eq!(scope.origin(), target.origin(), "{scope} covers {target}");
            let own = scope.as_str().split('?').next().unwrap_or_default();
            assert!(target.as_str().starts_with(own), "{scope} covers {target}");
        }
    }
    if let (Ok(scope), Ok(target)) = (Resource::parse(scope), Resource::parse(target)) {
        let parts = target.as_str().split('/').count();
        assert!(parts == 2 || parts == 3, "{target}");
        assert!(target.name().is_none_or(|name| !name.contains(['/', '%', '?', '#'])), "{target}");
        if scope.covers(&target) && scope.namespace() != "*" {
            assert_eq!(scope.namespace(), target.namespace(), "{scope} covers {target}");
        }
    }
    let (place, rest) = target.split_once('\n').unwrap_or((target, "a"));
    if let (Ok(scope), Ok(place)) = (RepositoryScope::parse(scope), Repository::parse(place)) {
        let files = repository::file(rest).map(|path| RepositoryPart::Files(vec![path]));
        let branch = repository::branch(rest).map(RepositoryPart::Branch);
        let both =
            || Ok::<_, repository::RepositoryError>((repository::branch("main")?, repository::branch(rest)?));
        let pull_requests = both().map(|(base, branch)| RepositoryPart::PullRequests(base, branch));
        for part in files.into_iter().chain(branch).chain(pull_requests) {
            if scope.covers(&place, &part) {
                assert!(scope.as_str().starts_with(place.as_str()), "{} covers {place}", scope.as_str());
                let escapes =
                    rest.split('/').any(|part| matches!(part, "" | "." | "..")) || rest.starts_with('-');
                assert!(!escapes || rest == "-", "{} covers {rest}", scope.as_str());
            }
        }
    }
});
