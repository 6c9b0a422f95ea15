//! Learns the region of a bucket from the answers of a store, and sends all later requests about the bucket there.

use super::error_code::code_of;
use aws_sdk_s3::config::ConfigBag;
use aws_sdk_s3::config::endpoint::{DefaultResolver, EndpointFuture, Params, ResolveEndpoint};
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The regions of buckets that a store named.
#[derive(Debug, Default)]
pub(super) struct BucketRegions(Mutex<HashMap<String, String>>);

/// What an answer teaches about the region of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lesson {
    /// The region, for the first time: the request goes there.
    New,
    /// The region that an answer to another request named: the request goes there.
    Known,
    /// Nothing that helps.
    Nothing,
}

impl BucketRegions {
    fn get(&self, bucket: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(bucket).cloned()
    }

    /// Learns the region that an answer named, to a request that was signed for the region `signed`. A store that
    /// names a second region for a bucket is not believed.
    pub(super) fn learn(&self, bucket: &str, signed: &str, named: &str) -> Lesson {
        let mut regions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match regions.get(bucket) {
            _ if signed == named => Lesson::Nothing,
            Some(known) if known == named => Lesson::Known,
            Some(_) => Lesson::Nothing,
            None => {
                regions.insert(bucket.to_owned(), named.to_owned());
                Lesson::New
            }
        }
    }
}

/// The region that an answer names for the bucket of its request.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>
pub(super) fn named_region(response: &HttpResponse) -> Option<String> {
    if !matches!(response.status().as_u16(), 301 | 400) {
        return None;
    }
    let in_body = || {
        let is_about_region = code_of(response) == Some("AuthorizationHeaderMalformed");
        let body = std::str::from_utf8(response.body().bytes()?).ok().filter(|_| is_about_region)?;
        Some(body.split_once("<Region>")?.1.split_once("</Region>")?.0)
    };
    let named = response.headers().get("x-amz-bucket-region").or_else(in_body)?;
    let is_region = |text: &&str| {
        (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
    };
    Some(named).filter(is_region).map(str::to_owned)
}

/// The region that a request was signed for.
pub(super) fn signed_region(request: &HttpRequest) -> Option<&str> {
    // `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, ...`
    let scope = request.headers().get("authorization")?.split_once("Credential=")?.1;
    scope.split('/').nth(2)
}

/// The bucket of a request.
pub(super) fn bucket_of(config: &ConfigBag) -> Option<&str> {
    config.load::<EndpointResolverParams>()?.get::<Params>()?.bucket()
}

/// Finds the endpoint of a bucket in its own region.
#[derive(Debug)]
pub(super) struct RegionResolver {
    default: DefaultResolver,
    regions: Arc<BucketRegions>,
}

impl RegionResolver {
    pub(super) fn new(regions: Arc<BucketRegions>) -> Self {
        Self { default: DefaultResolver::new(), regions }
    }
}

impl ResolveEndpoint for RegionResolver {
    fn resolve_endpoint<'a>(&'a self, params: &'a Params) -> EndpointFuture<'a> {
        let Some(region) = params.bucket().and_then(|bucket| self.regions.get(bucket)) else {
            return ResolveEndpoint::resolve_endpoint(&self.default, params);
        };
        match in_region(params, region) {
            Ok(params) => {
                EndpointFuture::new(
                    async move { ResolveEndpoint::resolve_endpoint(&self.default, &params).await },
                )
            }
            Err(error) => EndpointFuture::ready(Err(error.into())),
        }
    }
}

/// The same parameters with another region.
fn in_region(params: &Params, region: String) -> Result<Params, aws_sdk_s3::config::endpoint::InvalidParams> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    Params::builder()
        .region(region)
        .set_bucket(text(params.bucket()))
        .set_use_fips(params.use_fips())
        .set_use_dual_stack(params.use_dual_stack())
        .set_endpoint(text(params.endpoint()))
        .set_force_path_style(params.force_path_style())
        .set_accelerate(params.accelerate())
        .set_use_global_endpoint(params.use_global_endpoint())
        .set_use_object_lambda_endpoint(params.use_object_lambda_endpoint())
        .set_key(text(params.key()))
        .set_prefix(text(params.prefix()))
        .set_copy_source(text(params.copy_source()))
        .set_disable_access_points(params.disable_access_points())
        .set_disable_multi_region_access_points(params.disable_multi_region_access_points())
        .set_use_arn_region(params.use_arn_region())
        .set_use_s3_express_control_endpoint(params.use_s3_express_control_endpoint())
        .set_disable_s3_express_session_auth(params.disable_s3_express_session_auth())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_one_region() {
        let regions = BucketRegions::default();
        assert_eq!(regions.learn("a", "us-east-1", "us-east-1"), Lesson::Nothing);
        assert_eq!(regions.learn("a", "us-east-1", "eu-central-1"), Lesson::New);
        assert_eq!(regions.learn("a", "us-east-1", "eu-central-1"), Lesson::Known);
        assert_eq!(regions.learn("a", "eu-central-1", "us-east-1"), Lesson::Nothing);
        assert_eq!(regions.learn("b", "us-east-1", "us-west-2"), Lesson::New);
        assert_eq!((regions.get("a").as_deref(), regions.get("c")), (Some("eu-central-1"), None));
    }

    #[test]
    fn the_endpoint_of_a_learned_region_replaces_that_of_the_configuration() {
        let regions = Arc::new(BucketRegions::default());
        let resolver = RegionResolver::new(Arc::clone(&regions));
        let params = Params::builder().bucket("shop").region("us-east-1").build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let endpoint = || runtime.block_on(resolver.resolve_endpoint(&params)).unwrap().url().to_owned();
        assert_eq!(endpoint(), "https://shop.s3.us-east-1.amazonaws.com");
        regions.learn("shop", "us-east-1", "eu-central-1");
        assert_eq!(endpoint(), "https://shop.s3.eu-central-1.amazonaws.com");
        let copy = in_region(&params, "us-east-1".into()).unwrap();
        assert_eq!(copy, params);
    }
}
