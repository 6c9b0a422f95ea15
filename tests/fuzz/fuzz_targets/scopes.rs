//! Any text as the address of a web server or as objects of a cluster: it is refused, or it is what it says, and covers
//! nothing that is elsewhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
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
});
