//! One end of a period in a query: an instant (RFC 3339), or a civil date, which means the whole day in UTC.

use std::borrow::Cow;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use mif_domain::Instant;
use mif_domain::clock::truncate;
use serde::{Deserialize, Deserializer, de};
use utoipa::openapi::{KnownFormat, ObjectBuilder, OneOfBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

/// One end of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Instant(Instant),
    Day(NaiveDate),
}

impl Bound {
    /// Where a period begins that has this as its beginning.
    pub(crate) fn begins(self) -> Instant {
        match self {
            Self::Instant(instant) => instant,
            Self::Day(day) => midnight(day),
        }
    }

    /// Where a period ends that has this as its end: a day belongs to it as a whole.
    pub(crate) fn ends(self) -> Instant {
        match self {
            Self::Instant(instant) => instant,
            Self::Day(day) => midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)),
        }
    }
}

fn midnight(day: NaiveDate) -> Instant {
    day.and_time(NaiveTime::MIN).and_utc()
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str>>::deserialize(deserializer)?;
        // chrono also reads signs, blanks and years of five digits.
        let day = || text.parse::<NaiveDate>().ok().filter(|day| day.to_string() == *text).map(Self::Day);
        let instant = |instant: DateTime<_>| Self::Instant(truncate(instant.with_timezone(&Utc)));
        let parsed = DateTime::parse_from_rfc3339(&text).ok().map(instant).or_else(day);
        parsed.ok_or_else(|| de::Error::custom("expected 2026-11-20 or 2026-11-20T08:00:00Z"))
    }
}

impl PartialSchema for Bound {
    fn schema() -> RefOr<Schema> {
        let text =
            |format| ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)));
        OneOfBuilder::new().item(text(KnownFormat::Date)).item(text(KnownFormat::DateTime)).into()
    }
}

impl ToSchema for Bound {
    fn name() -> std::borrow::Cow<'static, str> {
        "JourOuInstant".into()
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer as _;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    fn read(text: &str) -> Result<Bound, Error> {
        let deserializer: StrDeserializer<'_, Error> = text.into_deserializer();
        Bound::deserialize(deserializer)
    }

    #[test]
    fn a_day_is_a_whole_day_and_an_instant_is_one() {
        let day = read("2026-11-20").unwrap();
        assert_eq!(day.begins().to_rfc3339(), "2026-11-20T00:00:00+00:00");
        assert_eq!(day.ends().to_rfc3339(), "2026-11-21T00:00:00+00:00");
        let instant = read("2026-11-20T08:00:00.123456789+01:00").unwrap();
        assert_eq!(instant.begins().to_rfc3339(), "2026-11-20T07:00:00.123456+00:00");
        assert_eq!(instant.begins(), instant.ends());
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "demain", "2026-02-30", "2026-11-20T08:00:00", "12026-01-01", "+2026-01-1", "20/11/2026"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
