//! Instants on the wire: RFC 3339 in UTC with microseconds, written digit by digit. A page of fifty rows has a hundred of
//! them, and general formatting is a good part of what such a page costs.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use serde::{Serialize, Serializer};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// An instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(DateTime<Utc>);

impl From<DateTime<Utc>> for Moment {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let instant = self.0;
        // Four digits are all that RFC 3339 has for a year.
        let Some(year) = u32::try_from(instant.year()).ok().filter(|year| *year <= 9999) else {
            return instant.serialize(serializer);
        };
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let fields = [
            (0, 4, year),
            (5, 2, instant.month()),
            (8, 2, instant.day()),
            (11, 2, instant.hour()),
            (14, 2, instant.minute()),
            (17, 2, instant.second()),
            (20, 6, instant.timestamp_subsec_micros().min(999_999)),
        ];
        for (start, width, mut value) in fields {
            for digit in text.iter_mut().skip(start).take(width).rev() {
                *digit = b'0' + u8::try_from(value % 10).unwrap_or_default();
                value /= 10;
            }
        }
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        let examples = [serde_json::json!("2026-11-20T08:35:05.762434Z")];
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).examples(examples).into()
    }
}

impl ToSchema for Moment {
    fn name() -> std::borrow::Cow<'static, str> {
        "Instant".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_back_to_the_microsecond() {
        for text in ["2026-11-20T08:35:05.762434Z", "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"] {
            let instant: DateTime<Utc> = text.parse().unwrap();
            assert_eq!(serde_json::to_string(&Moment(instant)).unwrap(), format!("\"{text}\""));
        }
    }
}
