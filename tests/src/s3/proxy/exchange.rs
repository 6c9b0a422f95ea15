//! One connection of a client: its requests in order, each passed on over a new connection. It passes body and reply at the
//! same time, since a server may answer before it has read the whole body.

use super::rate_limiter::RateLimiter;
use super::{S3Exchange, Shared, locked};
use crate::s3::fault::{Callback, Moment, S3Fault, S3Request};
use crate::s3::http::{Body, Head, Piece, copy, write_reply};
use std::io::{self, BufReader, ErrorKind, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// The faults of a request that the proxy passes on.
#[derive(Default)]
struct ForwardPlan {
    sent: Vec<(u64, Callback)>,
    answered: Vec<Callback>,
    flips: Vec<u64>,
    drip: Option<RateLimiter>,
    truncate: Option<u64>,
    lose: bool,
}

/// One open request.
struct RequestForwarder<'w> {
    shared: &'w Arc<Shared>,
    client: &'w TcpStream,
    head: &'w Head,
    /// The index in the log.
    index: usize,
}

/// Serves a connection to its end.
pub(super) fn serve(shared: &Arc<Shared>, client: &TcpStream, connection: usize) {
    let _kept = shared.keep(client);
    let _ = client.set_nodelay(true);
    let mut from = BufReader::with_capacity(64 * 1024, client);
    while let Ok(Some(head)) = Head::read(&mut from) {
        let request = S3Request {
            method: head.word(0).to_owned(),
            target: head.word(1).to_owned(),
            headers: head.headers.clone(),
        };
        let mut log = locked(&shared.log);
        let index = log.len();
        log.push(S3Exchange {
            request: request.clone(),
            connection,
            sent: 0,
            status: None,
            server: None,
            received: 0,
            faults: Vec::new(),
            began: Instant::now(),
            ended: None,
        });
        drop(log);
        shared.enter();
        let forwarder = RequestForwarder { shared, client, head: &head, index };
        let goes_on = forwarder.go(&request, &mut from).unwrap_or(false);
        shared.active.fetch_sub(1, Ordering::SeqCst);
        forwarder.note(|exchange| exchange.ended = Some(Instant::now()));
        if !goes_on || shared.ended() {
            return;
        }
    }
}

impl RequestForwarder<'_> {
    fn note(&self, change: impl FnOnce(&mut S3Exchange)) {
        change(&mut locked(&self.shared.log)[self.index]);
    }

    /// Applies the faults and passes the request on. Returns whether the connection stays open.
    fn go(&self, request: &S3Request, from: &mut BufReader<&TcpStream>) -> io::Result<bool> {
        let latency = *locked(&self.shared.latency);
        self.shared.wait(latency);
        let mut plan = ForwardPlan::default();
        for fault in self.shared.meet(request) {
            self.note(|exchange| exchange.faults.push(fault.name()));
            match fault {
                S3Fault::Delay(time) => self.shared.wait(time),
                S3Fault::Call(Moment::HeadReceived, callback) => callback.call(),
                S3Fault::Call(Moment::Sent(count), callback) => plan.sent.push((count, callback)),
                S3Fault::Call(Moment::Answered, callback) => plan.answered.push(callback),
                S3Fault::FlipByte(offset) => plan.flips.push(offset),
                S3Fault::Drip(speed) => plan.drip = Some(RateLimiter::of(speed)),
                S3Fault::TruncateReply(count) => plan.truncate = Some(count),
                S3Fault::ResetAfter => plan.lose = true,
                S3Fault::ResetBefore => return Ok(false),
                S3Fault::Stall => {
                    // Read until the client disconnects or the proxy ends.
                    io::copy(from, &mut io::sink())?;
                    return Ok(false);
                }
                S3Fault::Answer(status, headers, body) => return self.answer(from, status, &headers, &body),
            }
        }
        self.forward(from, &plan)
    }

    /// Reads the body first, because a client that is still sending would see a reset instead of the answer.
    fn answer(
        &self,
        from: &mut BufReader<&TcpStream>,
        status: u16,
        headers: &[(String, String)],
        body: &str,
    ) -> io::Result<bool> {
        let mut client = self.client;
        if self.head.header("expect").is_some() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        copy(from, self.head.body(), |piece, bytes| {
            self.count(piece, bytes);
            Ok(())
        })?;
        self.note(|exchange| {
            exchange.status = Some(status);
            exchange.received = body.len() as u64;
        });
        write_reply(&mut client, status, headers, body.as_bytes(), self.head.word(0))?;
        Ok(!self.head.closes())
    }

    fn forward(&self, from: &mut BufReader<&TcpStream>, plan: &ForwardPlan) -> io::Result<bool> {
        let server = TcpStream::connect(&self.shared.server)?;
        let _kept = self.shared.keep(&server);
        let _ = server.set_nodelay(true);
        (&server).write_all(&self.head.raw)?;
        let body_sent = AtomicBool::new(false);
        thread::scope(|scope| {
            let reply = scope.spawn(|| {
                let goes_on = self.reply(&server, plan);
                // The proxy reads the rest of the body until the client disconnects. A client that expects
                // `100 Continue` may never send it.
                if !body_sent.load(Ordering::SeqCst) {
                    let spoilt = plan.lose || plan.truncate.is_some() || goes_on.is_none();
                    let expects = self.head.header("expect").is_some();
                    if spoilt {
                        let _ = self.client.shutdown(Shutdown::Both);
                    } else if expects || goes_on == Some(false) {
                        let _ = self.client.shutdown(Shutdown::Write);
                    }
                }
                goes_on
            });
            let sent = self.body(from, &server, plan);
            body_sent.store(true, Ordering::SeqCst);
            if sent.is_err() {
                let _ = server.shutdown(Shutdown::Both);
            }
            let goes_on = reply.join().unwrap_or_default();
            sent?;
            Ok(goes_on == Some(true) && !self.head.closes())
        })
    }

    /// Passes the body on. It also reads bytes that the server no longer accepts.
    fn body(
        &self,
        from: &mut BufReader<&TcpStream>,
        server: &TcpStream,
        plan: &ForwardPlan,
    ) -> io::Result<()> {
        let (mut offset, mut refused) = (0, false);
        copy(from, self.head.body(), |piece, bytes| {
            let mut bytes = bytes.to_vec();
            let end = offset + bytes.len() as u64;
            if piece == Piece::Content {
                for flip in plan.flips.iter().filter(|flip| (offset..end).contains(*flip)) {
                    bytes[usize::try_from(flip - offset).unwrap_or_default()] ^= 1;
                }
            }
            refused = refused || self.paced(&self.shared.up, server, &bytes).is_err();
            self.count(piece, &bytes);
            if piece == Piece::Content {
                offset = end;
                plan.sent.iter().filter(|(count, _)| offset >= *count).for_each(|(_, call)| call.call());
            }
            Ok(())
        })
    }

    /// Passes the reply on, and returns whether the connection stays open; none without a whole reply.
    fn reply(&self, server: &TcpStream, plan: &ForwardPlan) -> Option<bool> {
        let mut from = BufReader::with_capacity(64 * 1024, server);
        let mut client = self.client;
        let head = loop {
            let head = Head::read(&mut from).ok().flatten()?;
            if head.status() >= 200 {
                break head;
            }
            client.write_all(&head.raw).ok()?;
        };
        self.note(|exchange| exchange.server = Some(head.status()));
        let body = head.reply_body(self.head.word(0));
        if plan.lose {
            copy(&mut from, body, |_, _| Ok(())).ok()?;
        }
        plan.answered.iter().for_each(Callback::call);
        if plan.lose {
            return Some(false);
        }
        let rate_limiter = plan.drip.as_ref().unwrap_or(&self.shared.down);
        self.note(|exchange| exchange.status = Some(head.status()));
        self.paced(rate_limiter, client, &head.raw).ok()?;
        let mut left = plan.truncate.unwrap_or(u64::MAX);
        if left == 0 {
            return Some(false);
        }
        let passed = copy(&mut from, body, |piece, bytes| {
            let count =
                if piece == Piece::Content { left.min(bytes.len() as u64) } else { bytes.len() as u64 };
            self.paced(rate_limiter, client, &bytes[..usize::try_from(count).unwrap_or(bytes.len())])?;
            if piece == Piece::Content {
                self.note(|exchange| exchange.received += count);
                left -= count;
            }
            if left == 0 { Err(ErrorKind::Other.into()) } else { Ok(()) }
        });
        passed.ok()?;
        Some(plan.truncate.is_none() && !head.closes() && body != Body::Rest)
    }

    fn paced(&self, rate_limiter: &RateLimiter, mut to: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(rate_limiter.piece()) {
            self.shared.wait(rate_limiter.take(piece.len()));
            if self.shared.ended() {
                return Err(ErrorKind::ConnectionAborted.into());
            }
            to.write_all(piece)?;
        }
        Ok(())
    }

    fn count(&self, piece: Piece, bytes: &[u8]) {
        if piece == Piece::Content {
            self.note(|exchange| exchange.sent += bytes.len() as u64);
        }
    }
}
