//! Attack 20, on forges: names repositories, branches and numbers in every way that could lead to pull requests of others,
//! and says things that could be more than a text.
//! Expected: nothing outside the grant is asked, no token comes back, and a denied call ends the run as denied.

use hostile::forge::{self, Proposal};
use hostile::{Failure, Inputs, Outputs, done, word};

hostile::attack!(forges);

fn forges(inputs: Inputs) -> Result<Outputs, Failure> {
    let said = inputs.words.iter().map(|word| {
        let mut parts = word.split('|');
        let [repository, base, branch, last] = [(); 4].map(|()| parts.next().unwrap_or_default());
        act(&inputs.act, (repository, base, branch), last)
    });
    done(said.collect())
}

fn act(act: &str, (repository, base, branch): (&str, &str, &str), last: &str) -> String {
    let number = last.parse().unwrap_or(0);
    match act {
        "list" => word(forge::pull_requests(repository, base, branch)),
        "inspect" => word(forge::inspect(repository, base, branch, number)),
        // The last part is the title, and a label after `;`.
        "open" => word(forge::open(repository, base, branch, &proposal(last))),
        "edit" => word(forge::edit(repository, base, branch, number, &proposal("mine"))),
        "comment" => word(forge::comment(repository, base, branch, 7, last, "mine")),
        // The last part is what is said.
        "say" => {
            let said = Proposal { body: last.to_owned(), ..proposal("mine") };
            let opened = word(forge::open(repository, base, branch, &said));
            let edited = word(forge::edit(repository, base, branch, 7, &said));
            let commented = word(forge::comment(repository, base, branch, 7, "x", last));
            format!("{opened} {edited} {commented}")
        }
        // Takes back what it has opened.
        "whole" => match forge::open(repository, base, branch, &proposal("mine")) {
            Ok(Some(opened)) => word(forge::withdraw(repository, base, branch, opened.number)),
            opened => word(opened),
        },
        "large" => word(forge::comment(repository, base, branch, 7, "x", &"x".repeat(number as usize))),
        "withdraw" => word(forge::withdraw(repository, base, branch, number)),
        "merge" => word(forge::merge(repository, base, branch, number, "abc", "mine")),
        // As often as it may.
        _ => {
            let count =
                (0..number).take_while(|_| forge::pull_requests(repository, base, branch).is_ok()).count();
            count.to_string()
        }
    }
}

fn proposal(title: &str) -> Proposal {
    let (title, label) = title.split_once(';').unwrap_or((title, "mine"));
    Proposal { title: title.to_owned(), body: "mine".to_owned(), labels: vec![label.to_owned()] }
}
