//! Attack 32: uses the instances that do parallel jobs to reach, say or take what a step may not, or what a step may
//! and a job may not. Expected: a job reaches nothing, whatever the run was granted; a call of anything ends the run,
//! and the budgets hold for all instances together.

mod gang {
    wit_bindgen::generate!({
        path: ["../../wit", "wit"],
        world: "lockstep:hostile/gang",
        generate_all,
    });
}

use gang::lockstep::hostile::parallel;
use gang::lockstep::step::report::{self, Level};
use gang::lockstep::step::workspace;
use gang::{Failure, Inputs, Outputs};

struct Attack;

impl gang::Guest for Attack {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        let count = inputs.words.first().and_then(|word| word.parse().ok()).unwrap_or(8);
        let jobs = vec![inputs.act; count];
        Ok(Outputs { said: parallel::work(&jobs) })
    }

    fn work(job: String) -> String {
        match job.as_str() {
            "read" => drop(workspace::read("deploy/web.yaml")),
            "write" => drop(workspace::write("deploy/web.yaml", b"taken")),
            "open" => drop(workspace::open("deploy/web.yaml")),
            "note" => report::note(Level::Error, "said by a job", None),
            "mask" => report::mask(&["deploy".to_owned()]),
            "again" => return parallel::work(&["echo".to_owned()]).concat(),
            "print" => println!("::set-output name=said::by a job"),
            "loop" => loop {
                std::hint::black_box(());
            },
            "memory" => loop {
                std::mem::forget(std::hint::black_box(vec![1_u8; 1 << 20]));
            },
            "recursion" => return recursion(1).to_string(),
            "answer" => return "x".repeat(8 << 20),
            "panic" => panic!("a job broke off"),
            "exit" => std::process::exit(0),
            _ => return job,
        };
        "unreachable".into()
    }
}

/// Uses up the stack.
fn recursion(depth: u64) -> u64 {
    if depth == u64::MAX {
        return depth;
    }
    std::hint::black_box(recursion(std::hint::black_box(depth + 1))) + 1
}

gang::export!(Attack with_types_in gang);

fn main() {}
