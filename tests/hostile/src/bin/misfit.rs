//! Attack 32: imports a parallel function that its own export does not answer. Expected: refused before anything of
//! it runs.

mod misfit {
    wit_bindgen::generate!({
        path: ["../../wit", "wit"],
        world: "lockstep:hostile/misfit",
        generate_all,
    });
}

use misfit::lockstep::hostile::parallel;
use misfit::{Failure, Inputs, Outputs};

struct Attack;

impl misfit::Guest for Attack {
    fn run(inputs: Inputs) -> Result<Outputs, Failure> {
        Ok(Outputs { said: parallel::work(&inputs.words) })
    }

    fn work(job: u32) -> String {
        job.to_string()
    }
}

misfit::export!(Attack with_types_in misfit);

fn main() {}
