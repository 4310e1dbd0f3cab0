//! What came back.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// What was asked, for the message of a failed assertion.
    pub(crate) question: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The JSON body; null when there is none.
    pub(crate) body: Value,
}

impl Answer {
    /// Fails without the headers that no answer goes without, whatever was asked.
    pub(super) fn carries_the_policy(self) -> Self {
        for (name, value) in [
            ("strict-transport-security", "max-age=63072000; includeSubDomains; preload"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(self.header(name), value, "{}: {name}", self.question);
        }
        let allowed = self.header("content-security-policy");
        assert!(allowed.contains("default-src 'none'"), "{}: {allowed}", self.question);
        for name in ["permissions-policy", "vary", "x-request-id", "traceparent"] {
            assert!(!self.header(name).is_empty(), "{}: {name}", self.question);
        }
        assert_eq!(self.header("server"), "", "{}", self.question);
        self
    }

    /// Fails unless it has this status.
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.question, self.body);
        self
    }

    /// Fails unless it is this problem, in the shape that every problem has.
    pub(crate) fn problem(self, status: u16, code: &str) -> Self {
        let answer = self.is(status);
        let question = &answer.question;
        assert_eq!(answer.header("content-type"), "application/problem+json", "{question}");
        assert_eq!(answer.body["code"], code, "{question}: {}", answer.body);
        assert_eq!(answer.body["status"], status, "{question}");
        for text in ["type", "title", "detail", "trace_id"] {
            assert!(answer.body[text].as_str().is_some_and(|text| !text.is_empty()), "{question}: {text}");
        }
        answer
    }

    /// Fails unless a 422 names this field with this code.
    pub(crate) fn names(self, field: &str, code: &str) -> Self {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let named = errors.iter().any(|error| error["champ"] == field && error["code"] == code);
        assert!(named, "{}: no {code} on {field}: {}", self.question, self.body);
        self
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A text of the body.
    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("{}: no {name}: {}", self.question, self.body)).to_owned()
    }

    /// The identifier of the resource in the body.
    pub(crate) fn id(&self) -> i64 {
        self.body["id"].as_i64().unwrap_or_else(|| panic!("{}: no id: {}", self.question, self.body))
    }

    /// The rows of a list.
    pub(crate) fn rows(&self) -> &[Value] {
        self.body.as_array().unwrap_or_else(|| panic!("{}: no list: {}", self.question, self.body))
    }
}
