//! The sections about documents.

use std::path::{Path, PathBuf};

use mif_clamav::ClamdAddress;
use mif_domain::documents::FileKind;
use secrecy::SecretString;

use super::reader::{Read, Reader};
use super::web_address::base_url;

/// Where documents are kept.
#[derive(Debug, Clone)]
pub enum StoragePlace {
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket, below a prefix.
    Bucket {
        /// The bucket.
        bucket: String,
        /// What every name begins with; may be empty.
        prefix: String,
    },
}

/// How a bucket is reached.
#[derive(Debug, Clone)]
pub struct S3 {
    /// The address of the service. None: Amazon's, of the region.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// Who we are.
    pub access_key_id: String,
    /// And the proof.
    pub secret_access_key: SecretString,
}

/// Where documents are kept, and under which keys.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Where.
    pub place: StoragePlace,
    /// How to reach it, when it is a bucket.
    pub s3: S3,
    /// Keys that are not in the folder of keys.
    pub keys: Option<SecretString>,
}

impl Storage {
    pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Read<Self> {
        let allowed = "file:///path/to/folder or s3://bucket/prefix";
        let place = reader.optional("storage.url", allowed, place);
        let endpoint = reader.optional("storage.s3_endpoint", "an address such as https://s3.example.ma", base_url);
        let region = reader.name("storage.s3_region");
        let access_key_id = reader.optional("storage.s3_access_key_id", "a name without spaces", |name| {
            name.bytes().all(|b| b.is_ascii_graphic()).then(|| name.to_owned())
        });
        let secret_access_key = reader.secret("storage.s3_secret_access_key");
        let keys = reader.secret("storage.keys");
        let place = place?.unwrap_or_else(|| {
            let folder = data_dir.join("documents");
            reader.stands_for("storage.url", &format!("file://{}", folder.display()));
            StoragePlace::Folder(folder)
        });
        let (access_key_id, secret_access_key) = (access_key_id?.unwrap_or_default(), secret_access_key?);
        if matches!(place, StoragePlace::Bucket { .. }) {
            for (key, missing) in [
                ("storage.s3_access_key_id", access_key_id.is_empty()),
                ("storage.s3_secret_access_key", secret_access_key.is_none()),
            ] {
                if missing {
                    return Err(reader.reject(key, "must be set when storage.url is a bucket".to_owned()));
                }
            }
        }
        let s3 = S3 {
            endpoint: endpoint?,
            region: region?,
            access_key_id,
            secret_access_key: secret_access_key.unwrap_or_default(),
        };
        Ok(Self { place, s3, keys: keys? })
    }
}

fn place(raw: &str) -> Option<StoragePlace> {
    if let Some(path) = raw.strip_prefix("file://") {
        return (path.starts_with('/') && !path.contains('\0')).then(|| StoragePlace::Folder(PathBuf::from(path)));
    }
    let rest = raw.strip_prefix("s3://")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let named = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
    let within = |b: u8| b.is_ascii_alphanumeric() || b"-_./".contains(&b);
    let good = (3..=63).contains(&bucket.len()) && bucket.bytes().all(named) && prefix.bytes().all(within);
    let prefix = prefix.trim_matches('/');
    (good && !prefix.split('/').any(|part| part == ".."))
        .then(|| StoragePlace::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// The virus scanner.
#[derive(Debug, Clone)]
pub struct Antivirus {
    /// Where clamd listens. None: there is none, and documents are marked as not scanned.
    pub clamd: Option<ClamdAddress>,
    /// Whether the production profile may go without.
    pub allow_off: bool,
}

impl Antivirus {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let allowed = "tcp://host:port or unix:/path";
        let clamd = reader.optional("antivirus.clamd", allowed, |value| value.parse().ok());
        let allow_off = reader.switch("antivirus.allow_off");
        Ok(Self { clamd: clamd?, allow_off: allow_off? })
    }
}

/// Which documents are taken.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The most bytes of one.
    pub max_bytes: u64,
    /// Of which kinds.
    pub types: Vec<FileKind>,
}

impl Documents {
    pub(super) fn read(reader: &mut Reader) -> Read<Self> {
        let max_mib = reader.number("documents.max_mib", 1..=10_240_u64);
        let known = FileKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        let types = reader.list("documents.types", &format!("some of {known}, separated by commas"), |word| {
            FileKind::from_stored(&word.to_ascii_lowercase())
        });
        Ok(Self { max_bytes: max_mib? * 1024 * 1024, types: types? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_folder_or_a_bucket() {
        assert!(
            matches!(place("file:///srv/docs"), Some(StoragePlace::Folder(path)) if path == Path::new("/srv/docs"))
        );
        assert!(matches!(place("s3://mif-docs/a/b/"), Some(StoragePlace::Bucket { bucket, prefix })
            if bucket == "mif-docs" && prefix == "a/b"));
        for bad in ["/srv/docs", "file://srv", "s3://", "s3://A_B/x", "s3://bucket/../x", "http://bucket"] {
            assert!(place(bad).is_none(), "{bad}");
        }
    }
}
