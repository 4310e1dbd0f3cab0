//! One flat JSON object a line: the event's own fields, and those of every span around it, so that each line of a
//! request carries its `request_id` and its `user_id` without a lookup.

use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::{LookupSpan, Scope};

/// What every line begins with; a field of that name gives way.
const OWN: [&str; 4] = ["timestamp", "level", "target", "message"];

/// Formats an event as one line. The innermost value of a name wins.
pub(crate) struct JsonLine;

impl<S> FormatEvent<S, JsonFields> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(Map::new());
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let formatted = extensions.get::<FormattedFields<JsonFields>>();
            if let Some(Ok(Value::Object(of_span))) = formatted.map(|text| serde_json::from_str(text)) {
                fields.0.extend(of_span);
            }
        }
        fields.0.remove("message");
        event.record(&mut fields);
        let Fields(mut fields) = fields;

        let mut timestamp = String::new();
        SystemTime.format_time(&mut Writer::new(&mut timestamp))?;
        let mut target = Value::from(event.metadata().target());
        // Events of crates that use `log` carry their true target in a field, next to places in their source.
        if let Some(Value::String(logged)) = fields.remove("log.target") {
            target = Value::from(logged);
            fields.retain(|name, _| !name.starts_with("log."));
        }
        let message = fields.remove("message").unwrap_or_else(|| Value::from(event.metadata().name()));
        let own = [Value::from(timestamp), Value::from(event.metadata().level().as_str()), target, message];
        writer.write_char('{')?;
        for (index, (name, value)) in OWN.into_iter().zip(&own).enumerate() {
            write!(writer, "{}\"{name}\":{value}", if index == 0 { "" } else { "," })?;
        }
        for (name, value) in fields.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
            write!(writer, ",{}:{value}", Value::from(name.as_str()))?;
        }
        writer.write_str("}\n")
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name();
        self.0.insert(name.strip_prefix("r#").unwrap_or(name).to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, format!("{value:?}"));
    }
}
