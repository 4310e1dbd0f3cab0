//! Technicians and skills.

use async_trait::async_trait;
use mif_domain::repository::{RepositoryError, Stored};
use mif_domain::technicians::{
    Availability, Level, Skill, SkillId, SkillRepository, SkillSheet, Technician, TechnicianId, TechnicianRepository,
    TechnicianSheet,
};
use mif_domain::text::{Line, normalized};
use mif_domain::users::UserId;
use mif_domain::{Constraint, Instant};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, NotSet, QueryFilter as _,
    QuerySelect as _, Select, Set, Statement,
};

use super::line;
use crate::entity::interventions::OPEN_WORK;
use crate::entity::{skills, technicians as table};
use crate::unit_of_work::Transaction;

pub(crate) struct Technicians<'a>(pub(crate) &'a mut Transaction);
pub(crate) struct Skills<'a>(pub(crate) &'a mut Transaction);

impl table::Model {
    /// The technician of a row.
    pub(crate) fn into_technician(self) -> Stored<Technician> {
        let id = self.id;
        let bad = |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("technicians", column, id, why);
        let sheet = TechnicianSheet {
            team: line(self.team).map_err(|why| bad("team", &why))?,
            availability: Availability::from_stored(&self.availability)
                .ok_or_else(|| bad("availability", &"is unknown"))?,
            level: Level::from_stored(&self.level).ok_or_else(|| bad("level", &"is unknown"))?,
            zone: line(self.zone).map_err(|why| bad("zone", &why))?,
            on_call: self.on_call,
            phone: line(self.phone).map_err(|why| bad("phone", &why))?,
        };
        Ok(Technician {
            id: TechnicianId(id),
            user_id: UserId(self.user_id),
            sheet,
            archived_at: self.archived_at,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        })
    }
}

impl skills::Model {
    /// The skill of a row.
    pub(crate) fn into_skill(self) -> Stored<Skill> {
        let id = self.id;
        let bad = |column: &str, why: &dyn std::fmt::Display| RepositoryError::corrupt("skills", column, id, why);
        let name = Line::from_string(self.name).map_err(|why| bad("name", &why))?;
        let domain = Line::from_string(self.domain).map_err(|why| bad("domain", &why))?;
        Ok(Skill { id: SkillId(id), sheet: SkillSheet { name, domain } })
    }
}

/// The columns that people write.
fn row(sheet: &TechnicianSheet) -> table::ActiveModel {
    let text = |line: Option<&str>| Set(line.map(str::to_owned));
    table::ActiveModel {
        id: NotSet,
        user_id: NotSet,
        team: text(sheet.team.as_ref().map(Line::as_str)),
        availability: Set(sheet.availability.as_str().to_owned()),
        level: Set(sheet.level.as_str().to_owned()),
        zone: text(sheet.zone.as_ref().map(Line::as_str)),
        on_call: Set(sheet.on_call),
        phone: text(sheet.phone.as_ref().map(Line::as_str)),
        archived_at: NotSet,
        created_at: NotSet,
        updated_at: NotSet,
        version: NotSet,
    }
}

impl Technicians<'_> {
    async fn find(&mut self, query: Select<table::Entity>) -> Stored<Option<Technician>> {
        let result = query.lock(LockType::NoKeyUpdate).one(self.0.connection()).await;
        let found = self.0.checked(result)?;
        self.0.parsed(found.map(table::Model::into_technician).transpose())
    }
}

#[async_trait]
impl TechnicianRepository for Technicians<'_> {
    async fn insert(&mut self, user: UserId, sheet: TechnicianSheet, at: Instant) -> Stored<Technician> {
        let new = table::ActiveModel {
            user_id: Set(user.0),
            archived_at: Set(None),
            created_at: Set(at),
            updated_at: Set(at),
            version: Set(1),
            ..row(&sheet)
        };
        let result = new.insert(self.0.connection()).await;
        let stored = self.0.checked(result)?;
        self.0.parsed(stored.into_technician())
    }

    async fn find_for_update(&mut self, id: TechnicianId) -> Stored<Option<Technician>> {
        self.find(table::Entity::find_by_id(id.0)).await
    }

    async fn find_of_user_for_update(&mut self, user: UserId) -> Stored<Option<Technician>> {
        self.find(table::Entity::find().filter(table::Column::UserId.eq(user.0))).await
    }

    async fn update(&mut self, technician: &Technician, at: Instant) -> Stored<Technician> {
        let changed = table::ActiveModel {
            archived_at: Set(technician.archived_at),
            updated_at: Set(at),
            version: Set(technician.version + 1),
            ..row(&technician.sheet)
        };
        let update = table::Entity::update_many()
            .set(changed)
            .filter(table::Column::Id.eq(technician.id.0))
            .filter(table::Column::Version.eq(technician.version));
        let result = update.exec_with_returning(self.0.connection()).await;
        match self.0.checked(result)?.pop() {
            Some(row) => self.0.parsed(row.into_technician()),
            None => self.0.refuse(RepositoryError::Stale),
        }
    }

    async fn set_skills(&mut self, id: TechnicianId, held: &[(SkillId, Level)]) -> Stored<()> {
        self.0.execute("DELETE FROM technician_skills WHERE technician_id = $1", vec![id.0.into()]).await?;
        for (skill, level) in held {
            let sql = "INSERT INTO technician_skills (technician_id, skill_id, level) VALUES ($1, $2, $3)";
            let values = vec![id.0.into(), skill.0.into(), level.as_str().into()];
            let statement = Statement::from_sql_and_values(self.0.backend(), sql, values);
            let result = self.0.connection().execute_raw(statement).await;
            self.0.referring(result, Constraint::UnknownSkill)?;
        }
        Ok(())
    }

    async fn count_open_work(&mut self, id: TechnicianId) -> Stored<u64> {
        let sql = format!("SELECT count(*) AS total FROM interventions WHERE technician_id = $1 AND {OPEN_WORK}");
        self.0.count(&sql, vec![id.0.into()]).await
    }
}

#[async_trait]
impl SkillRepository for Skills<'_> {
    async fn insert(&mut self, sheet: SkillSheet, _: Instant) -> Stored<Skill> {
        let new = skills::ActiveModel {
            id: NotSet,
            name: Set(sheet.name.as_str().to_owned()),
            name_norm: Set(normalized(sheet.name.as_str())),
            domain: Set(sheet.domain.as_str().to_owned()),
        };
        let result = new.insert(self.0.connection()).await;
        Ok(Skill { id: SkillId(self.0.checked(result)?.id), sheet })
    }
}
