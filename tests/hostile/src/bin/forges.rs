//! Attack 20, on forges: names repositories, branches and numbers in every way that could lead to pull requests of others,
//! and says things that could be more than a text.
//! Expected: nothing outside the grant is asked, no token comes back, and a denied call ends the run as denied.

use hostile::forge::{self, BranchPair, PullRequestContent};
use hostile::{Failure, Inputs, Outputs, done, word};

hostile::attack!(forges);

fn forges(inputs: Inputs) -> Result<Outputs, Failure> {
    let said = inputs.words.iter().map(|word| {
        let mut parts = word.split('|');
        let [repository, base, head, last] = [(); 4].map(|()| parts.next().unwrap_or_default().to_owned());
        act(&inputs.act, &BranchPair { repository, base, head }, &last)
    });
    done(said.collect())
}

fn act(act: &str, branches: &BranchPair, last: &str) -> String {
    let number = last.parse().unwrap_or(0);
    match act {
        "list" => word(forge::list_pull_requests(branches)),
        "get-status" => word(forge::get_status(branches, number)),
        // The last part is the title, and a label after `;`.
        "open" => word(forge::open(branches, &content(last))),
        "update" => word(forge::update(branches, number, &content("mine"))),
        "comment" => word(forge::comment(branches, 7, last, "mine")),
        // The last part is the text.
        "say" => {
            let said = PullRequestContent { body: last.to_owned(), ..content("mine") };
            let opened = word(forge::open(branches, &said));
            let updated = word(forge::update(branches, 7, &said));
            let commented = word(forge::comment(branches, 7, "x", last));
            format!("{opened} {updated} {commented}")
        }
        // Closes what it has opened.
        "whole" => match forge::open(branches, &content("mine")) {
            Ok(Some(opened)) => word(forge::close(branches, opened.number)),
            opened => word(opened),
        },
        "large" => word(forge::comment(branches, 7, "x", &"x".repeat(number as usize))),
        "close" => word(forge::close(branches, number)),
        "merge" => word(forge::merge(branches, number, "abc", "mine")),
        // As often as it may.
        _ => {
            let count = (0..number).take_while(|_| forge::list_pull_requests(branches).is_ok()).count();
            count.to_string()
        }
    }
}

fn content(title: &str) -> PullRequestContent {
    let (title, label) = title.split_once(';').unwrap_or((title, "mine"));
    PullRequestContent { title: title.to_owned(), body: "mine".to_owned(), labels: vec![label.to_owned()] }
}
