//! Attack 28: asks for 4 GiB of randomness in one call. Expected: the call traps, and the host stays small.

use hostile::{Failure, Inputs, Outputs, done};

hostile::attack!(ask);

#[link(wasm_import_module = "wasi:random/random@0.2.6")]
unsafe extern "C" {
    #[link_name = "get-random-bytes"]
    fn get_random_bytes(length: u64, result: *mut u8);
}

fn ask(_: Inputs) -> Result<Outputs, Failure> {
    let mut result = [0_u8; 8];
    // SAFETY: the result is a pointer and a length, eight bytes.
    unsafe { get_random_bytes(4 << 30, result.as_mut_ptr()) };
    done(Vec::new())
}
