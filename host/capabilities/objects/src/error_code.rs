//! Reads the code of an error from the response of a store.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// The code of an error of S3, which is XML. <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
pub(super) fn code_of(response: &HttpResponse) -> Option<&str> {
    // A streamed body has no bytes here; the body of an error is never streamed.
    let body = response.body().bytes()?;
    let text = std::str::from_utf8(body.get(..body.len().min(4096))?).ok()?;
    let error = &text[text.find("<Error")?..];
    let (code, _) = error.split_once("<Code>")?.1.split_once("</Code>")?;
    Some(code)
}
