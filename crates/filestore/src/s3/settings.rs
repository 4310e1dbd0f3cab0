//! Where the bucket is and who we are there.

use std::fmt;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use thiserror::Error;
use zeroize::Zeroizing;

use super::MOVE_WITHIN;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const RETRY_FOR: Duration = Duration::from_secs(10);
const RETRIES: usize = 3;

/// How to reach a bucket.
#[derive(Clone)]
pub struct S3Settings {
    /// `s3://bucket` or `s3://bucket/prefix`.
    pub url: String,
    /// The server, when it is not AWS: `https://host:port`.
    pub endpoint: Option<String>,
    /// The region; other servers than AWS mostly do not care.
    pub region: String,
    /// The name of the account's key.
    pub access_key: String,
    /// The secret of that key.
    pub secret_key: Zeroizing<String>,
    /// Whether `endpoint` may begin with `http://`. Contents are encrypted all the same, but anybody on the way could
    /// repeat our requests for some minutes: for a server on the same machine.
    pub allow_http: bool,
}

impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3Settings")
            .field("url", &self.url)
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum S3SettingsError {
    /// Not the address of a bucket.
    #[error("{0:?} is not s3://bucket or s3://bucket/prefix")]
    Url(String),
    /// The endpoint is not encrypted.
    #[error("the endpoint {0:?} is not https://, and http:// is not allowed")]
    PlainHttp(String),
    /// The client does not take them.
    #[error("the S3 client refuses its settings: {0}")]
    Client(String),
}

impl S3Settings {
    pub(super) fn client(&self) -> Result<(AmazonS3, Path), S3SettingsError> {
        let (bucket, prefix) = self.address().ok_or_else(|| S3SettingsError::Url(self.url.clone()))?;
        let options = ClientOptions::new().with_connect_timeout(CONNECT_WITHIN).with_timeout(MOVE_WITHIN);
        let retry = RetryConfig {
            backoff: BackoffConfig { max_backoff: RETRY_FOR / 4, ..BackoffConfig::default() },
            max_retries: RETRIES,
            retry_timeout: RETRY_FOR,
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&self.region)
            .with_access_key_id(&self.access_key)
            .with_secret_access_key(self.secret_key.as_str())
            .with_retry(retry)
            .with_client_options(options)
            .with_allow_http(self.allow_http)
            // Single deletions are what every server understands.
            .with_disable_bulk_delete(true);
        if let Some(endpoint) = &self.endpoint {
            let allowed = endpoint.starts_with("https://") || (self.allow_http && endpoint.starts_with("http://"));
            if !allowed {
                return Err(S3SettingsError::PlainHttp(endpoint.clone()));
            }
            builder = builder.with_endpoint(endpoint);
        }
        let client = builder.build().map_err(|error| S3SettingsError::Client(error.to_string()))?;
        Ok((client, prefix))
    }

    /// The host, for traces.
    pub(super) fn server(&self) -> String {
        let given = self.endpoint.as_deref().and_then(|endpoint| endpoint.split_once("://"));
        let host = given.and_then(|(_, rest)| rest.split(['/', ':']).next());
        host.map_or_else(|| format!("s3.{}.amazonaws.com", self.region), str::to_owned)
    }

    fn address(&self) -> Option<(&str, Path)> {
        let rest = self.url.strip_prefix("s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let named = !bucket.is_empty() && bucket.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
        named.then_some(())?;
        Some((bucket, Path::parse(prefix.trim_end_matches('/')).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, endpoint: Option<&str>, allow_http: bool) -> S3Settings {
        S3Settings {
            url: url.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            region: "us-east-1".to_owned(),
            access_key: "key".to_owned(),
            secret_key: Zeroizing::new("hidden".to_owned()),
            allow_http,
        }
    }

    #[test]
    fn the_address_is_a_bucket_and_perhaps_a_prefix() {
        let address = |url: &str| settings(url, None, false).address().map(|(bucket, path)| (bucket.to_owned(), path));
        assert_eq!(address("s3://mif"), Some(("mif".to_owned(), Path::default())));
        assert_eq!(address("s3://mif/"), Some(("mif".to_owned(), Path::default())));
        assert_eq!(address("s3://mif/a/b/"), Some(("mif".to_owned(), Path::from("a/b"))));
        for bad in ["", "mif", "s3://", "s3:///a", "https://mif", "s3://m if", "s3://mif/a//b", "s3://u:p@mif"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn plain_http_takes_a_word() {
        let refused = |endpoint, allow_http| settings("s3://mif", Some(endpoint), allow_http).client().is_err();
        assert!(refused("http://127.0.0.1:9000", false));
        assert!(!refused("http://127.0.0.1:9000", true));
        assert!(!refused("https://s3.example.ma", false));
        assert!(refused("ftp://s3.example.ma", true));
    }

    #[test]
    fn the_secret_is_not_shown() {
        let settings = settings("s3://mif", None, false);
        assert!(!format!("{settings:?} {:?}", settings.client().unwrap().0.to_string()).contains("hidden"));
    }
}
