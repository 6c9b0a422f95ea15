//! Finds forms of secrets in bytes, whole and cut. It needs one pass over the bytes; its time does not depend on the
//! number or the length of the forms.

use super::cut::{self, Edge};
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The number of bytes of a form that the pass searches for; it compares the rest at each hit. It is also the shortest
/// piece of a form that counts at a cut.
pub(super) const PIECE: usize = 8;

/// A piece of this length counts at the end of a text, and at any place if it looks random.
const LONG_PIECE: usize = 16;

/// The same for a short secret, if half of it is less than [`LONG_PIECE`].
const SHORT_PIECE: usize = 12;

/// The number of bytes that the search compares at once.
const CHUNK: usize = 64;

/// The number of chunks that the search may compare, in addition to one for each byte of the text. Repetitive texts and
/// secrets could need any number.
const SPARE_CHUNKS: usize = 1 << 20;

/// A form. The indexes share it, because a secret can have megabytes.
pub(super) type SecretForm = Arc<[u8]>;

/// The end from which the search compares two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Head,
    Tail,
}

/// The forms to search for.
#[derive(Default, Clone)]
pub(super) struct Index {
    known: HashSet<SecretForm>,
    /// The forms by their first bytes, up to eight of them.
    heads: Table,
    /// The forms that a cut can divide, by their last eight bytes.
    tails: Table,
    /// The lengths of the keys of both tables, in bytes.
    lengths: Vec<usize>,
    filter: WindowFilter,
    longest: usize,
}

type Table = HashMap<(usize, u64), FormBucket>;

/// Forms that begin, or end, with the same bytes, sorted from that side.
#[derive(Default, Clone)]
struct FormBucket {
    /// The forms, each with the length of its public prefix.
    forms: Vec<(SecretForm, usize)>,
    /// For each form the longest other form that is a prefix of it.
    inner: Vec<Option<usize>>,
}

/// The forms of a bucket at one place of a text.
#[derive(Default)]
struct BucketMatch {
    /// The length of the longest whole form.
    whole: usize,
    /// The length of the longest piece of a form, and the index of that form.
    partial: usize,
    of: usize,
    /// The number of compared chunks.
    cost: usize,
}

impl Index {
    /// Whether there are no forms.
    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The length of the longest form.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Adds forms, each with the length of its public prefix.
    pub(super) fn learn(&mut self, forms: impl IntoIterator<Item = (SecretForm, usize)>) {
        let mut changed = BTreeSet::new();
        for (form, open) in forms {
            if form.is_empty() || self.known.contains(&form) {
                continue;
            }
            let length = form.len().min(PIECE);
            let head = (length, window(&form[..length]));
            changed.insert((Side::Head as usize, head));
            self.heads.entry(head).or_default().forms.push((Arc::clone(&form), open));
            if form.len() > PIECE && open < form.len() {
                let tail = (PIECE, window(&form[form.len() - PIECE..]));
                changed.insert((Side::Tail as usize, tail));
                self.tails.entry(tail).or_default().forms.push((Arc::clone(&form), open));
            }
            self.longest = self.longest.max(form.len());
            self.known.insert(form);
        }
        for (side, key) in changed {
            let (table, side) = if side == Side::Head as usize {
                (&mut self.heads, Side::Head)
            } else {
                (&mut self.tails, Side::Tail)
            };
            if let Some(bucket) = table.get_mut(&key) {
                bucket.sort(side);
            }
        }
        let lengths: BTreeSet<usize> =
            self.heads.keys().chain(self.tails.keys()).map(|(length, _)| *length).collect();
        self.lengths = lengths.into_iter().collect();
        self.filter = WindowFilter::of(self.heads.keys().chain(self.tails.keys()));
    }

    /// The ranges of the text that secrets cover, in order and without overlap.
    pub(super) fn covered(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut chunks = text.len() + SPARE_CHUNKS;
        let mut found = Vec::new();
        let mut bytes = 0;
        for (at, byte) in text.iter().enumerate() {
            bytes = bytes << 8 | u64::from(*byte);
            for &length in &self.lengths {
                let key = (length, bytes & mask(length));
                if at + 1 < length || !self.filter.may_have(key) {
                    continue;
                }
                let (start, end) = (at + 1 - length, at + 1);
                if let Some(bucket) = self.heads.get(&key) {
                    chunks = chunks.saturating_sub(add_at_start(bucket, text, start, &mut found));
                }
                // A range that is already covered needs no second comparison.
                let known = found.last().is_some_and(|last: &(usize, usize)| end <= last.1);
                if let Some(bucket) = self.tails.get(&key).filter(|_| length == PIECE && !known) {
                    chunks = chunks.saturating_sub(add_at_end(bucket, text, end, &mut found));
                }
            }
            if chunks == 0 {
                found.push((at.saturating_sub(2 * PIECE), text.len()));
                break;
            }
        }
        found.sort_unstable();
        joined(found)
    }
}

/// Adds the forms of a bucket that begin at `start`, whole or cut. It returns the number of compared chunks.
fn add_at_start(bucket: &FormBucket, text: &[u8], start: usize, found: &mut Vec<(usize, usize)>) -> usize {
    let BucketMatch { whole, partial, of, cost } = bucket.best_match(&text[start..], Side::Head);
    if whole > 0 {
        found.push((start, start + whole));
    }
    let (form, open) = &bucket.forms[of];
    if partial > whole && partial < form.len() && partial >= *open + PIECE {
        let piece = &text[start + *open..start + partial];
        if counts(piece, cut::after(&text[start + partial..]), form.len()) {
            found.push((start, start + partial));
        }
    }
    cost
}

/// Adds the form of a bucket that ends at `end` and whose beginning was cut off. It returns the number of compared
/// chunks.
fn add_at_end(bucket: &FormBucket, text: &[u8], end: usize, found: &mut Vec<(usize, usize)>) -> usize {
    let BucketMatch { partial, of, cost, .. } = bucket.best_match(&text[..end], Side::Tail);
    if partial >= PIECE && partial < bucket.forms[of].0.len() {
        let start = end - partial;
        if counts(&text[start..end], cut::before(&text[..start]), bucket.forms[of].0.len()) {
            found.push((start, end));
        }
    }
    cost
}

/// Whether a piece of a secret counts as the secret. Without a sign of a cut, an everyday word does not: the text may
/// simply end there.
fn counts(piece: &[u8], edge: Edge, whole: usize) -> bool {
    let kinds = [u8::is_ascii_lowercase, u8::is_ascii_uppercase, u8::is_ascii_digit];
    match edge {
        Edge::Marked => true,
        Edge::Bare => {
            piece.len() >= LONG_PIECE || kinds.into_iter().filter(|is| piece.iter().any(is)).count() > 1
        }
        Edge::None => is_random(piece, (whole / 2).clamp(SHORT_PIECE, LONG_PIECE)),
    }
}

/// Whether a piece has a run of at least `min` bytes with letters and digits. Such a run counts at any place, because
/// servers show the beginning or the end of a token.
fn is_random(piece: &[u8], min: usize) -> bool {
    let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"+_-".contains(byte);
    let rows = piece.split(|byte| !is_of_token(byte)).filter(|row| row.len() >= min);
    let mixed = |row: &[u8]| row.iter().any(u8::is_ascii_digit) && row.iter().any(u8::is_ascii_alphabetic);
    rows.into_iter().any(mixed)
}

impl FormBucket {
    fn sort(&mut self, side: Side) {
        self.forms.sort_unstable_by(|(one, _), (other, _)| order(one, other, side).0);
        let mut open: Vec<usize> = Vec::new();
        self.inner.clear();
        for (at, (form, _)) in self.forms.iter().enumerate() {
            while open.last().is_some_and(|last| !form.starts_with(&self.forms[*last].0)) {
                open.pop();
            }
            self.inner.push(open.last().copied());
            open.push(at);
        }
    }

    /// The forms with which the text begins, or ends.
    fn best_match(&self, text: &[u8], side: Side) -> BucketMatch {
        let mut found = BucketMatch::default();
        let after = self.forms.partition_point(|(form, _)| {
            let (order, common) = order(form, text, side);
            found.cost += 1 + common / CHUNK;
            order != Ordering::Greater
        });
        for at in after.saturating_sub(1)..self.forms.len().min(after + 1) {
            let common = common(&self.forms[at].0, text, side);
            found.cost += 1 + common / CHUNK;
            if common > found.partial {
                (found.partial, found.of) = (common, at);
            }
            let mut outer = Some(at);
            while let Some(form) = outer.filter(|_| side == Side::Head) {
                found.cost += 1;
                if self.forms[form].0.len() <= common {
                    found.whole = found.whole.max(self.forms[form].0.len());
                    break;
                }
                outer = self.inner[form];
            }
        }
        found
    }
}

/// The number of bytes that two texts have in common from one side.
fn common(one: &[u8], other: &[u8], side: Side) -> usize {
    let same = |(one, other): (&[u8], &[u8])| one == other;
    let shorter = one.len().min(other.len());
    match side {
        Side::Head => {
            let (one, other) = (&one[..shorter], &other[..shorter]);
            let whole = one.chunks(CHUNK).zip(other.chunks(CHUNK)).take_while(|two| same(*two)).count();
            let from = shorter.min(whole * CHUNK);
            from + one[from..].iter().zip(&other[from..]).take_while(|(one, other)| one == other).count()
        }
        Side::Tail => {
            let (one, other) = (&one[one.len() - shorter..], &other[other.len() - shorter..]);
            let whole = one.rchunks(CHUNK).zip(other.rchunks(CHUNK)).take_while(|two| same(*two)).count();
            let to = shorter - shorter.min(whole * CHUNK);
            let last = one[..to].iter().rev().zip(other[..to].iter().rev());
            shorter - to + last.take_while(|(one, other)| one == other).count()
        }
    }
}

/// The order of two texts from one side, and the number of bytes that they have in common.
fn order(one: &[u8], other: &[u8], side: Side) -> (Ordering, usize) {
    let common = common(one, other, side);
    let next = |text: &[u8]| match side {
        Side::Head => text.get(common).copied(),
        Side::Tail => text.len().checked_sub(common + 1).map(|at| text[at]),
    };
    (next(one).cmp(&next(other)), common)
}

/// Merges sorted ranges that overlap or touch.
pub(super) fn joined(found: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for (start, end) in found {
        match ranges.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    ranges
}

/// Up to eight bytes as a number.
fn window(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn mask(length: usize) -> u64 {
    u64::MAX >> (64 - 8 * length.clamp(1, PIECE))
}

/// A bitmap of hashes of windows. It excludes most windows that no form has.
#[derive(Clone)]
struct WindowFilter {
    bits: Vec<u64>,
    shift: u32,
}

impl Default for WindowFilter {
    fn default() -> Self {
        Self { bits: vec![0], shift: 58 }
    }
}

impl WindowFilter {
    fn of<'k>(keys: impl Iterator<Item = &'k (usize, u64)> + Clone) -> Self {
        let wanted = keys.clone().count().saturating_mul(64).clamp(1 << 12, 1 << 24);
        let power = usize::BITS - wanted.leading_zeros();
        let mut filter = Self { bits: vec![0; 1 << (power - 6)], shift: 64 - power };
        for key in keys {
            let (word, bit) = filter.place(*key);
            filter.bits[word] |= bit;
        }
        filter
    }

    fn may_have(&self, key: (usize, u64)) -> bool {
        let (word, bit) = self.place(key);
        self.bits[word] & bit != 0
    }

    fn place(&self, key: (usize, u64)) -> (usize, u64) {
        let place = (mixed(key) >> self.shift) as usize;
        (place / 64, 1 << (place % 64))
    }
}

fn mixed((length, bytes): (usize, u64)) -> u64 {
    (bytes ^ (length as u64) << 59).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
