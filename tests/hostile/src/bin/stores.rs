//! Attack 19: names objects in every way that could lead out of the prefix it was granted, and claims success.
//! Expected: nothing outside the grant is asked for or changed, and a denied call ends the run as denied.

use hostile::objects;
use hostile::{Failure, Inputs, Outputs, done, word};
use objects::{Checksum, Condition, Content, Keeping, Object, Pair};

hostile::attack!(stores);

fn stores(inputs: Inputs) -> Result<Outputs, Failure> {
    let names = &inputs.words;
    let said = match inputs.act.as_str() {
        "list" => names.iter().map(|name| word(objects::list(name, None))).collect(),
        "head" => names.iter().map(|name| word(objects::head(std::slice::from_ref(name)))).collect(),
        "put" => names
            .iter()
            .map(|name| word(put(name, Content::Bytes(b"attacked\n".to_vec()), plain())))
            .collect(),
        // The first word is an object within the grant, the others are files to put there.
        "steal" => {
            names[1..].iter().map(|path| word(put(&names[0], Content::File(path.clone()), plain()))).collect()
        }
        "delete" => names.iter().map(|name| word(objects::delete(std::slice::from_ref(name)))).collect(),
        "uploads" => names.iter().map(|name| word(objects::open_uploads(name))).collect(),
        "begin" => names.iter().map(|name| word(objects::begin(name, &plain()).map(|_| ()))).collect(),
        "resume" => {
            names.iter().map(|name| word(objects::resume(name, "id", Checksum::Sha256).map(|_| ()))).collect()
        }
        "headers" => smuggle(&names[0]),
        "many" => vec![word(objects::delete(&vec![names[0].clone(); 1_000_000]))],
        // One that is allowed beside one that is not: neither may be written.
        _ => {
            let both = names.iter().map(|name| object(name, Content::Bytes(b"attacked\n".to_vec())));
            vec![word(objects::put(&both.collect::<Vec<_>>(), &[plain()]))]
        }
    };
    done(said)
}

fn put(name: &str, content: Content, keeping: Keeping) -> Result<String, hostile::types::Error> {
    let mut stored = objects::put(&[object(name, content)], &[keeping])?;
    stored.remove(0).map(|stored| format!("{} bytes", stored.size))
}

fn object(name: &str, content: Content) -> Object {
    Object { name: name.to_owned(), content, keeping: 0, when: Condition::Always }
}

fn plain() -> Keeping {
    Keeping {
        headers: vec![],
        metadata: vec![],
        tags: vec![],
        checksum: Checksum::Sha256,
        encryption: None,
        retention: None,
    }
}

/// Headers that would make an object public, or begin another request.
fn smuggle(name: &str) -> Vec<String> {
    let pair = |name: &str, value: &str| vec![Pair { name: name.to_owned(), value: value.to_owned() }];
    let keepings = [
        Keeping { headers: pair("x-amz-acl", "public-read"), ..plain() },
        Keeping { headers: pair("authorization", "x"), ..plain() },
        Keeping { headers: pair("cache-control", "x\r\nx-amz-acl: public-read"), ..plain() },
        Keeping { metadata: pair("a\r\nx-amz-acl", "public-read"), ..plain() },
        Keeping { metadata: pair("a", "b\nx-amz-acl: public-read"), ..plain() },
        Keeping { encryption: Some("aws:kms:k\r\nx-amz-acl: public-read".to_owned()), ..plain() },
    ];
    let attempt = |keeping| word(put(name, Content::Bytes(b"attacked\n".to_vec()), keeping));
    keepings.into_iter().map(attempt).collect()
}
