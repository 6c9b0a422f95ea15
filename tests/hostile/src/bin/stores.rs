//! Attack 19: names objects in every way that could lead out of the prefix it was granted, and claims success.
//! Expected: nothing outside the grant is asked for or changed, and a denied call ends the run as denied.

use hostile::objects;
use hostile::{Failure, Inputs, Outputs, done, word};
use objects::{ChecksumAlgorithm, Content, NameValue, Precondition, PutOptions, PutRequest, UpdateRequest};

hostile::attack!(stores);

fn stores(inputs: Inputs) -> Result<Outputs, Failure> {
    let names = &inputs.words;
    let said = match inputs.act.as_str() {
        "list" => names.iter().map(|name| word(objects::list_objects(name, None))).collect(),
        "head" => names.iter().map(|name| word(objects::head_objects(std::slice::from_ref(name)))).collect(),
        "put" => names
            .iter()
            .map(|name| word(put(name, Content::Bytes(b"attacked\n".to_vec()), plain())))
            .collect(),
        // The first word is an object within the grant, the others are files to put there.
        "steal" => {
            names[1..].iter().map(|path| word(put(&names[0], Content::File(path.clone()), plain()))).collect()
        }
        "update" => names.iter().map(|name| word(update(name))).collect(),
        "delete" => {
            names.iter().map(|name| word(objects::delete_objects(std::slice::from_ref(name)))).collect()
        }
        "uploads" => names.iter().map(|name| word(objects::list_multipart_uploads(name))).collect(),
        "begin" => names
            .iter()
            .map(|name| word(objects::create_multipart_upload(name, &plain()).map(|_| ())))
            .collect(),
        "resume" => names
            .iter()
            .map(|name| {
                word(objects::resume_multipart_upload(name, "id", ChecksumAlgorithm::Sha256).map(|_| ()))
            })
            .collect(),
        "headers" => smuggle(&names[0]),
        "many" => vec![word(objects::delete_objects(&vec![names[0].clone(); 1_000_000]))],
        // One that is allowed beside one that is not: neither may be written.
        _ => {
            let both = names.iter().map(|name| request(name, Content::Bytes(b"attacked\n".to_vec())));
            vec![word(objects::put_objects(&both.collect::<Vec<_>>(), &[plain()]))]
        }
    };
    done(said)
}

fn put(name: &str, content: Content, options: PutOptions) -> Result<String, hostile::types::Error> {
    let mut stored = objects::put_objects(&[request(name, content)], &[options])?;
    stored.remove(0).map(|stored| format!("{} bytes", stored.size))
}

fn request(name: &str, content: Content) -> PutRequest {
    PutRequest { name: name.to_owned(), content, options: 0, precondition: Precondition::None }
}

fn update(name: &str) -> Result<String, hostile::types::Error> {
    let request = UpdateRequest { name: name.to_owned(), etag: "x".to_owned(), options: 0 };
    let mut updated = objects::update_objects(&[request], &[plain()])?;
    updated.remove(0).map(|stored| format!("{} bytes", stored.size))
}

fn plain() -> PutOptions {
    PutOptions {
        headers: vec![],
        metadata: vec![],
        tags: vec![],
        checksum: ChecksumAlgorithm::Sha256,
        encryption: None,
        retention: None,
        acl: None,
        storage_class: None,
        website_redirect: None,
    }
}

/// Headers that would make an object public, or begin another request.
fn smuggle(name: &str) -> Vec<String> {
    let pair = |name: &str, value: &str| vec![NameValue { name: name.to_owned(), value: value.to_owned() }];
    let options = [
        PutOptions { headers: pair("x-amz-acl", "public-read"), ..plain() },
        PutOptions { headers: pair("authorization", "x"), ..plain() },
        PutOptions { headers: pair("cache-control", "x\r\nx-amz-acl: public-read"), ..plain() },
        PutOptions { metadata: pair("a\r\nx-amz-acl", "public-read"), ..plain() },
        PutOptions { metadata: pair("a", "b\nx-amz-acl: public-read"), ..plain() },
        PutOptions { encryption: Some("aws:kms:k\r\nx-amz-acl: public-read".to_owned()), ..plain() },
        PutOptions { acl: Some("private\r\nx-amz-grant-read: x".to_owned()), ..plain() },
        PutOptions { storage_class: Some("STANDARD\nx-amz-acl: public-read".to_owned()), ..plain() },
        PutOptions { website_redirect: Some("/x\r\nx-amz-acl: public-read".to_owned()), ..plain() },
    ];
    let attempt = |options| word(put(name, Content::Bytes(b"attacked\n".to_vec()), options));
    options.into_iter().map(attempt).collect()
}
