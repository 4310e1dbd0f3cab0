//! Documents.

use async_trait::async_trait;
use mif_domain::Instant;
use mif_domain::documents::{
    Analysis, Attachment, Document, DocumentId, DocumentRepository, FileId, FileKind, FileName, NewDocument, Rewrap,
    Sha256, StoredFile, WrappedKey,
};
use mif_domain::equipment::EquipmentId;
use mif_domain::interventions::InterventionId;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::text::{Line, Paragraph};
use mif_domain::users::UserId;
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, NotSet, QuerySelect as _, Set};

use super::line;
use crate::entity::documents as table;
use crate::unit_of_work::Transaction;

pub(crate) struct Documents<'a>(pub(crate) &'a mut Transaction);

impl table::Model {
    /// The document of a row.
    pub(crate) fn into_document(self) -> Stored<Document> {
        let id = self.id;
        let bad = |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("documents", column, id, why);
        let attachment = match (self.intervention_id, self.equipment_id) {
            (Some(intervention), None) => Attachment::Intervention(InterventionId(intervention)),
            (None, Some(equipment)) => Attachment::Equipment(EquipmentId(equipment)),
            _ => return Err(bad("intervention_id", &"belongs to nothing, or to two things")),
        };
        let file = StoredFile {
            id: FileId(self.file_id.try_into().map_err(|_| bad("file_id", &"has not 16 bytes"))?),
            size: u64::try_from(self.size).map_err(|why| bad("size", &why))?,
            key: WrappedKey { key_id: self.key_id, bytes: self.wrapped_key },
        };
        let content = NewDocument {
            attachment,
            name: FileName::parse(&self.name).map_err(|why| bad("name", &why))?,
            kind: FileKind::from_stored(&self.kind).ok_or_else(|| bad("kind", &"is unknown"))?,
            sha256: Sha256(self.sha256.try_into().map_err(|_| bad("sha256", &"has not 32 bytes"))?),
            analysis: Analysis::from_stored(&self.analysis).ok_or_else(|| bad("analysis", &"is unknown"))?,
            description: self
                .description
                .map(Paragraph::from_string)
                .transpose()
                .map_err(|why| bad("description", &why))?,
            is_internal: self.is_internal,
            uploaded_by: UserId(self.uploaded_by),
            file,
        };
        Ok(Document {
            id: DocumentId(id),
            content,
            signature: line(self.signature).map_err(|why| bad("signature", &why))?,
            created_at: self.created_at,
            version: self.version,
        })
    }
}

fn row(document: NewDocument, at: Instant) -> Option<table::ActiveModel> {
    let (intervention_id, equipment_id) = match document.attachment {
        Attachment::Intervention(id) => (Some(id.0), None),
        Attachment::Equipment(id) => (None, Some(id.0)),
    };
    Some(table::ActiveModel {
        id: NotSet,
        intervention_id: Set(intervention_id),
        equipment_id: Set(equipment_id),
        name: Set(document.name.as_str().to_owned()),
        kind: Set(document.kind.as_str().to_owned()),
        size: Set(i64::try_from(document.file.size).ok()?),
        sha256: Set(document.sha256.0.to_vec()),
        analysis: Set(document.analysis.as_str().to_owned()),
        signature: Set(None),
        description: Set(document.description.map(String::from)),
        is_internal: Set(document.is_internal),
        uploaded_by: Set(document.uploaded_by.0),
        file_id: Set(document.file.id.0.to_vec()),
        key_id: Set(document.file.key.key_id),
        wrapped_key: Set(document.file.key.bytes),
        created_at: Set(at),
        version: Set(1),
    })
}

#[async_trait]
impl DocumentRepository for Documents<'_> {
    async fn insert(&mut self, document: NewDocument, at: Instant) -> Stored<Document> {
        let Some(row) = row(document, at) else {
            return self.0.refuse(RepositoryError::Corrupt("a document of more than 2^63 bytes".to_owned()));
        };
        let inserted = row.insert(self.0.connection()).await;
        let document = self.0.checked(inserted)?.into_document();
        self.0.parsed(document)
    }

    async fn find_for_update(&mut self, id: DocumentId) -> Stored<Option<Document>> {
        let found = table::Entity::find_by_id(id.0).lock(LockType::Update).one(self.0.connection()).await;
        let document = self.0.checked(found)?.map(table::Model::into_document).transpose();
        self.0.parsed(document)
    }

    async fn delete(&mut self, id: DocumentId) -> Stored<bool> {
        Ok(self.0.execute("DELETE FROM documents WHERE id = $1", vec![id.0.into()]).await? == 1)
    }

    async fn rewrap(&mut self, rewrap: &Rewrap) -> Stored<bool> {
        let sql = "UPDATE documents SET key_id = $2, wrapped_key = $3 \
                   WHERE id = $1 AND key_id = $4 AND wrapped_key = $5";
        let values = vec![
            rewrap.id.0.into(),
            rewrap.to.key_id.as_str().into(),
            rewrap.to.bytes.clone().into(),
            rewrap.from.key_id.as_str().into(),
            rewrap.from.bytes.clone().into(),
        ];
        Ok(self.0.execute(sql, values).await? == 1)
    }

    async fn set_analysis(&mut self, id: DocumentId, analysis: Analysis, signature: Option<Line<200>>) -> Stored<bool> {
        let sql = "UPDATE documents SET analysis = $2, signature = $3, version = version + 1 WHERE id = $1";
        let values = vec![id.0.into(), analysis.as_str().into(), signature.map(String::from).into()];
        Ok(self.0.execute(sql, values).await? == 1)
    }
}
