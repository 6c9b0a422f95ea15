//! Attack 19 once more, with the handles of uploads in parts: ranges that are not in the file, ids that carry more than
//! an id, uses of what is over. Expected: nothing is sent but about the object that was granted, and nothing without end.

use hostile::objects::{
    self, ChecksumAlgorithm, MultipartUpload, PartInfo, PartRange, Precondition, PutOptions,
};
use hostile::{Failure, Inputs, Outputs, done, types, word, workspace};

hostile::attack!(uploads);

fn uploads(inputs: Inputs) -> Result<Outputs, Failure> {
    let (name, path) = (&inputs.words[0], &inputs.words[1]);
    done(match inputs.act.as_str() {
        "ranges" => ranges(name, path),
        "ids" => inputs.words[2..].iter().map(|id| word(resumed(name, id))).collect(),
        "over" => over(name, path),
        // Ten thousand parts are one call: it is their bytes that are bounded.
        "bytes" => bytes(name, path),
        // Together they have a length of one, if that is reckoned in 64 bits.
        "around" => vec![word(begin(name).and_then(|upload| {
            put(&upload, path, &[range(1, 0, 1), range(2, 0, u64::MAX), range(3, 0, 1)])
        }))],
        "crowd" => vec![word(
            begin(name)
                .and_then(|upload| upload.complete(&vec![part(1); 10_001], &Precondition::None).map(|_| ())),
        )],
        "many" => {
            vec![word(begin(name).and_then(|upload| put(&upload, path, &vec![range(1, 0, 1); 1_000_000])))]
        }
        _ => handles(name),
    })
}

fn begin(name: &str) -> Result<MultipartUpload, types::Error> {
    let options = PutOptions {
        headers: vec![],
        metadata: vec![],
        tags: vec![],
        checksum: ChecksumAlgorithm::Crc64nvme,
        encryption: None,
        retention: None,
        acl: None,
        storage_class: None,
        website_redirect: None,
    };
    objects::create_multipart_upload(name, &options)
}

fn range(part_number: u32, offset: u64, length: u64) -> PartRange {
    PartRange { part_number, offset, length }
}

fn put(upload: &MultipartUpload, path: &str, ranges: &[PartRange]) -> Result<Vec<String>, types::Error> {
    let file = workspace::open(path)?;
    Ok(upload.upload_parts(&file, ranges)?.into_iter().map(|part| word(part.map(|part| part.size))).collect())
}

fn ranges(name: &str, path: &str) -> Vec<String> {
    let Ok(upload) = begin(name) else { return vec![] };
    let ranges = [
        range(0, 0, 1),
        range(10_001, 0, 1),
        range(1, 0, 65 * 1024 * 1024),
        range(1, u64::MAX, 1),
        range(1, 1_000_000, 1),
        range(u32::MAX, 0, 1),
    ];
    ranges.iter().map(|range| word(put(&upload, path, std::slice::from_ref(range)))).collect()
}

fn resumed(name: &str, id: &str) -> Result<usize, types::Error> {
    let upload = objects::resume_multipart_upload(name, id, ChecksumAlgorithm::Crc64nvme)?;
    upload.abort()?;
    upload.list_parts().map(|parts| parts.len())
}

/// Everything once more with an upload that was completed and given up, with parts that it never had.
fn over(name: &str, path: &str) -> Vec<String> {
    let Ok(upload) = begin(name) else { return vec![] };
    vec![
        word(upload.complete(&[part(1), part(0), part(u32::MAX)], &Precondition::None).map(|_| ())),
        word(upload.abort()),
        word(put(&upload, path, &[range(1, 0, 1)])),
    ]
}

fn part(part_number: u32) -> PartInfo {
    PartInfo { part_number, size: u64::MAX, etag: "x\"><Evil/>".to_owned(), checksum: Some("zz".to_owned()) }
}

fn bytes(name: &str, path: &str) -> Vec<String> {
    let Ok(upload) = begin(name) else { return vec![] };
    let ranges = vec![range(1, 0, 32 * 1024 * 1024); 10_000];
    (0..100).map(|_| word(put(&upload, path, &ranges).map(|parts| parts.len()))).collect()
}

fn handles(name: &str) -> Vec<String> {
    let kept: Vec<_> = (0..100_000)
        .map(|_| objects::resume_multipart_upload(name, "id", ChecksumAlgorithm::Sha256))
        .collect();
    vec![kept.iter().filter(|upload| upload.is_ok()).count().to_string()]
}
