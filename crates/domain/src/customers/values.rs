//! A customer and what can be said about it.

use thiserror::Error;

use crate::clock::Instant;
use crate::text::{Line, searchable};
use crate::users::EmailAddress;
use crate::words::words;

/// Identifies a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerId(pub i64);

words! {
    /// How much service the contract promises.
    ServiceLevel {
        /// The most.
        Premium = "premium",
        /// The usual.
        Standard = "standard",
        /// The least.
        Basic = "basic",
    }
}

/// The `ICE` of a Moroccan company (identifiant commun de l'entreprise): 15 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BusinessId(String);

/// Not 15 digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 15 digits")]
pub struct BusinessIdError;

impl BusinessId {
    /// Parses what a person typed; spaces between groups are dropped.
    pub fn parse(raw: &str) -> Result<Self, BusinessIdError> {
        let digits: String = raw.chars().filter(|c| !c.is_whitespace()).collect();
        let fits = digits.len() == 15 && digits.bytes().all(|b| b.is_ascii_digit());
        fits.then_some(Self(digits)).ok_or(BusinessIdError)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Everything about a customer that people write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerSheet {
    /// Its name.
    pub name: Line<200>,
    /// Whom to ask for.
    pub contact: Option<Line<150>>,
    /// Where to write.
    pub email: Option<EmailAddress>,
    /// Where to call.
    pub phone: Option<Line<30>>,
    /// Street and number.
    pub address: Option<Line<300>>,
    /// City.
    pub city: Option<Line<100>>,
    /// Its number at the tax office.
    pub business_id: Option<BusinessId>,
    /// How much service it was promised.
    pub service_level: ServiceLevel,
    /// Whether we still work for it.
    pub is_active: bool,
}

impl CustomerSheet {
    /// A customer of which only the name is known.
    pub fn named(name: Line<200>) -> Self {
        Self {
            name,
            contact: None,
            email: None,
            phone: None,
            address: None,
            city: None,
            business_id: None,
            service_level: ServiceLevel::Standard,
            is_active: true,
        }
    }

    /// What a search looks into.
    pub fn search_text(&self) -> String {
        let parts = [
            Some(self.name.as_str()),
            self.contact.as_ref().map(Line::as_str),
            self.email.as_ref().map(EmailAddress::as_str),
            self.city.as_ref().map(Line::as_str),
            self.business_id.as_ref().map(BusinessId::as_str),
        ];
        searchable(&parts.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }
}

/// A customer as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its identifier.
    pub id: CustomerId,
    /// What people wrote.
    pub sheet: CustomerSheet,
    /// When it was entered.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// Grows with every change.
    pub version: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_business_id_has_fifteen_digits() {
        assert_eq!(BusinessId::parse("001 234 567 000 089").unwrap().as_str(), "001234567000089");
        for bad in ["", "12345678901234", "1234567890123456", "00123456700008a", "٠٠١٢٣٤٥٦٧٠٠٠٠٨٩"] {
            assert_eq!(BusinessId::parse(bad), Err(BusinessIdError), "{bad}");
        }
    }
}
