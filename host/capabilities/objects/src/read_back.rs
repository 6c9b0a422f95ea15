//! Reads an object back and compares it with the sent content, if the responses to its writes prove nothing.

use super::evidence::{Segment, WrittenObject};
use super::location::ObjectLocation;
use super::s3::S3Store;
use super::types::PartInfo;
use lockstep_model::call::CallError;
use lockstep_workspace::hash::{self, Algorithm, Hasher};

/// The attempts to read an object. Each goes on after the last segment that was compared.
const ATTEMPTS: u32 = 4;

/// The parts of an upload as segments; an error names a part without a digest.
pub(super) fn segments(algorithm: Algorithm, parts: &[PartInfo]) -> Result<Vec<Segment>, CallError> {
    let segment = |part: &PartInfo| {
        let digest = part.checksum.as_deref().and_then(hash::unhex).map(|digest| (algorithm, digest));
        let tag = || Some((Algorithm::Md5, hash::unhex(&part.etag).filter(|tag| tag.len() == 16)?));
        let (algorithm, digest) = digest.or_else(tag).ok_or_else(|| {
            CallError::Integrity(format!("part {} has no digest to compare with", part.part_number))
        })?;
        Ok(Segment { size: part.size, algorithm, digest })
    };
    parts.iter().map(segment).collect()
}

impl S3Store {
    /// Compares an object with the sent content.
    ///
    /// # Errors
    /// `integrity` if the object has other bytes, `conflict` if it is no longer the one that was written.
    pub(super) async fn read_back(
        &self,
        location: &ObjectLocation,
        sent: &[Segment],
        written: WrittenObject<'_>,
    ) -> Result<(), CallError> {
        let mut comparison = Comparison::new(sent);
        let mut attempt = 1;
        loop {
            match self.read_rest(location, &mut comparison, written).await {
                Ok(()) => break,
                Err(ReadError::Cut(text)) if attempt == ATTEMPTS => {
                    return Err(CallError::Unavailable(format!("read back `{}`: {text}", location.name)));
                }
                Err(ReadError::Cut(_)) => attempt += 1,
                Err(ReadError::Failed(error)) => return Err(error),
            }
        }
        comparison.end().map_err(|place| {
            CallError::Integrity(format!(
                "`{}`: the store received other bytes than Lockstep sent ({place}), and keeps them under this name",
                location.name
            ))
        })
    }

    async fn read_rest(
        &self,
        location: &ObjectLocation,
        comparison: &mut Comparison<'_>,
        written: WrittenObject<'_>,
    ) -> Result<(), ReadError> {
        let start = comparison.restart();
        let mut request = self.connection.client.get_object().bucket(&location.bucket).key(&location.key);
        request = match written.version_id {
            Some(version) => request.version_id(version),
            None if written.etag.is_empty() => request,
            None => request.if_match(format!("\"{}\"", written.etag)),
        };
        if start > 0 {
            request = request.range(format!("bytes={start}-"));
        }
        let verb = "the store tells no checksum that proves the content; read back";
        let answer = request.send().await;
        let answer =
            answer.map_err(|error| ReadError::Failed(self.request_error(verb, &location.name, &error)))?;
        if start > 0 && answer.content_range.is_none() {
            comparison.restart_from_the_first();
        }
        let mut body = answer.body;
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|error| ReadError::Cut(error.to_string()))?;
            // The rest of an object that differs says nothing more.
            if !comparison.take(&bytes) {
                break;
            }
        }
        Ok(())
    }
}

/// Why an object could not be read.
enum ReadError {
    /// The body ended early; another attempt may get the rest.
    Cut(String),
    Failed(CallError),
}

/// The comparison of a body with segments.
struct Comparison<'s> {
    segments: &'s [Segment],
    /// The segments that were compared, and their bytes.
    done: usize,
    offset: u64,
    /// The digest of the bytes of the next segment, and their number.
    hasher: Option<Hasher>,
    read: u64,
    /// Where the object differs.
    difference: Option<String>,
}

impl<'s> Comparison<'s> {
    fn new(segments: &'s [Segment]) -> Self {
        Self { segments, done: 0, offset: 0, hasher: None, read: 0, difference: None }
    }

    /// Goes back to the start of the segment, and returns its offset.
    fn restart(&mut self) -> u64 {
        (self.hasher, self.read) = (None, 0);
        self.offset
    }

    fn restart_from_the_first(&mut self) {
        *self = Self::new(self.segments);
    }

    /// Takes the next bytes of the body. Returns false as soon as the object differs.
    fn take(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() && self.difference.is_none() {
            let Some(segment) = self.segments.get(self.done) else {
                self.difference = Some(format!("more than {} bytes", self.offset));
                break;
            };
            let left = segment.size - self.read;
            let (own, rest) = bytes.split_at(usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len()));
            self.hasher.get_or_insert_with(|| Hasher::new(segment.algorithm)).update(own);
            self.read += own.len() as u64;
            bytes = rest;
            self.end_segment();
        }
        self.difference.is_none()
    }

    /// Compares the segment if all its bytes were read.
    fn end_segment(&mut self) {
        let Some(segment) = self.segments.get(self.done).filter(|segment| segment.size == self.read) else {
            return;
        };
        let hasher = self.hasher.take().unwrap_or_else(|| Hasher::new(segment.algorithm));
        if hasher.finish() != segment.digest {
            let (number, count) = (self.done + 1, self.segments.len());
            self.difference = Some(match count {
                1 => "their digest differs".to_owned(),
                _ => format!("part {number} of {count}, {} bytes from byte {} on", segment.size, self.offset),
            });
        }
        (self.done, self.offset, self.read) = (self.done + 1, self.offset + segment.size, 0);
    }

    /// Ends the comparison; an error says where the object differs.
    fn end(mut self) -> Result<(), String> {
        // Empty segments get no bytes.
        while self.difference.is_none()
            && self.segments.get(self.done).is_some_and(|segment| segment.size == 0)
        {
            self.end_segment();
        }
        match self.difference {
            Some(difference) => Err(difference),
            None if self.done < self.segments.len() => {
                let expected: u64 = super::sum(self.segments.iter().map(|segment| segment.size));
                Err(format!("{} of {expected} bytes", self.offset + self.read))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(texts: &[&str]) -> Vec<Segment> {
        let segment = |text: &&str| {
            let mut hasher = Hasher::new(Algorithm::Crc32c);
            hasher.update(text.as_bytes());
            Segment { size: text.len() as u64, algorithm: Algorithm::Crc32c, digest: hasher.finish() }
        };
        texts.iter().map(segment).collect()
    }

    fn compare(texts: &[&str], body: &[&str]) -> Result<(), String> {
        let segments = segments(texts);
        let mut comparison = Comparison::new(&segments);
        let _ = body.iter().all(|bytes| comparison.take(bytes.as_bytes()));
        comparison.end()
    }

    #[test]
    fn only_the_sent_bytes_are_the_same() {
        for body in [&["abc", "defg"][..], &["abcdefg"], &["a", "bcdef", "g"]] {
            assert_eq!(compare(&["abc", "", "defg"], body), Ok(()), "{body:?}");
        }
        assert_eq!(compare(&[""], &[]), Ok(()));
        assert!(
            compare(&["abc", "defg"], &["abcdefX"]).unwrap_err().contains("part 2 of 2, 4 bytes from byte 3")
        );
        assert!(compare(&["abc", "defg"], &["abcdef"]).unwrap_err().contains("6 of 7 bytes"));
        assert!(compare(&["abc", "defg"], &["abcdefgh"]).unwrap_err().contains("more than 7 bytes"));
        assert!(compare(&["abc"], &["abX"]).is_err() && compare(&[], &["a"]).is_err());
    }

    #[test]
    fn another_attempt_goes_on_after_the_last_compared_segment() {
        let segments = segments(&["abc", "defg"]);
        let mut comparison = Comparison::new(&segments);
        assert!(comparison.take(b"abcde"));
        assert_eq!(comparison.restart(), 3);
        assert!(comparison.take(b"defg"));
        assert_eq!(comparison.end(), Ok(()));
    }
}
