//! Attack 9: opens a connection to the address at which clouds hand out credentials. Expected: it imports sockets,
//! so it is refused by name before anything of it runs.

use hostile::{Failure, Inputs, Outputs, done};
use std::io::Write as _;
use std::net::TcpStream;

hostile::attack!(connect);

fn connect(inputs: Inputs) -> Result<Outputs, Failure> {
    let address = inputs.words.first().map_or("169.254.169.254:80", String::as_str);
    let sent = TcpStream::connect(address).and_then(|mut stream| stream.write_all(b"GET / HTTP/1.0\r\n\r\n"));
    done(vec![format!("{sent:?}")])
}
