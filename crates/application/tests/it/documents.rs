//! Documents: who may do what with them, what is refused, and what becomes of the contents.

use std::collections::VecDeque;

use async_trait::async_trait;
use bytes::Bytes;
use futures::Turn;
use mif_application::access::Actor;
use mif_application::documents::{ContentSource, Interrupted, RepeatedUpload, UploadDocument, UploadError};
use mif_application::idempotency::Done;
use mif_domain::customers::CustomerId;
use mif_domain::documents::{Attachment, Document, FileName, Sha256};
use mif_domain::equipment::EquipmentId;
use mif_domain::idempotency::{IdempotentRequest, StoredAnswer};
use mif_domain::interventions::{Intervention, InterventionId, NewIntervention, Status};
use mif_domain::technicians::TechnicianId;
use mif_domain::unit_of_work::UnitOfWorkFactory as _;
use mif_domain::users::Role;
use mif_testkit::{T0, a_customer, a_stored_technician, a_user, an_equipment, an_intervention};

use crate::world::World;

mod handing_out;
mod interrupted;
mod rights;
mod upkeep;
mod upload;

/// A PDF that says this.
fn pdf(text: &str) -> Vec<u8> {
    format!("%PDF-1.7\n{text}").into_bytes()
}

mod futures {
    use std::pin::Pin;

    /// What happens before a piece arrives.
    pub(super) type Turn<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
}

/// A content as it arrives: pieces, and what happens in between.
#[derive(Default)]
struct Arriving<'a>(VecDeque<Event<'a>>);

enum Event<'a> {
    Piece(Vec<u8>),
    Meanwhile(Turn<'a>),
    Vanished,
}

impl<'a> Arriving<'a> {
    fn with(content: &[u8]) -> Self {
        Self::default().then(content)
    }

    /// In pieces of so many bytes.
    fn in_pieces(content: &[u8], size: usize) -> Self {
        content.chunks(size).fold(Self::default(), Self::then)
    }

    fn then(mut self, piece: &[u8]) -> Self {
        self.0.push_back(Event::Piece(piece.to_vec()));
        self
    }

    fn meanwhile(mut self, what: impl Future<Output = ()> + 'a) -> Self {
        self.0.push_back(Event::Meanwhile(Box::pin(what)));
        self
    }

    fn and_vanishes(mut self) -> Self {
        self.0.push_back(Event::Vanished);
        self
    }
}

#[async_trait(?Send)]
impl ContentSource for Arriving<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Interrupted> {
        loop {
            match self.0.pop_front() {
                Some(Event::Piece(piece)) => return Ok(Some(piece.into())),
                Some(Event::Meanwhile(turn)) => turn.await,
                Some(Event::Vanished) => return Err(Interrupted),
                None => return Ok(None),
            }
        }
    }
}

/// To store an ordinary report.
fn report(attachment: Attachment) -> UploadDocument {
    let name = FileName::parse("rapport.pdf").unwrap();
    UploadDocument { attachment, name, description: None, internal: None }
}

fn named(attachment: Attachment, name: &str) -> UploadDocument {
    UploadDocument { name: FileName::parse(name).unwrap(), ..report(attachment) }
}

const fn without_key(_: &Sha256) -> Option<IdempotentRequest> {
    None
}

fn rendered(document: &Document) -> StoredAnswer {
    StoredAnswer { status: 201, location: None, etag: None, body: document.id.0.to_string().into_bytes() }
}

/// A plant with a machine, people, and their documents.
struct Plant {
    world: World,
    admin: Actor,
    customer: CustomerId,
    machine: EquipmentId,
}

impl Plant {
    async fn new() -> Self {
        let world = World::new();
        let admin = world.actor_of(Role::Admin).await;
        let customer = a_customer(&world.store, "Conserverie Atlas").await.id;
        let machine = world.insert_equipment(an_equipment("Sertisseuse").customer(customer).build()).await.id;
        Self { world, admin, customer, machine }
    }

    /// A technician who is signed in.
    async fn technician(&self, username: &str) -> (Actor, TechnicianId) {
        let technician = a_stored_technician(&self.world.store, username).await;
        (self.world.actor(username).await, technician.id)
    }

    /// Somebody of the machine's customer, or of another one.
    async fn customer(&self, username: &str, of: CustomerId) -> Actor {
        self.world.insert(a_user(username).role(Role::Customer).customer(of).build()).await;
        self.world.actor(username).await
    }

    async fn other_customer(&self) -> CustomerId {
        a_customer(&self.world.store, "Textiles du Souss").await.id
    }

    /// Work on the machine, given to somebody or to nobody.
    async fn work(&self, to: Option<TechnicianId>) -> Attachment {
        let mut unit = self.world.store.begin().await.unwrap();
        let reference = unit.interventions().next_reference(2026).await.unwrap();
        let draft = an_intervention("Bruit", self.machine).build();
        let new = NewIntervention {
            technician_id: to,
            customer_id: Some(self.customer),
            ..NewIntervention::reported(reference, draft)
        };
        let made = unit.interventions().insert(new, T0).await.unwrap();
        unit.commit().await.unwrap();
        Attachment::Intervention(made.id)
    }

    /// Changes work past the rules.
    async fn change(&self, work: Attachment, how: impl FnOnce(&mut Intervention)) {
        let mut unit = self.world.store.begin().await.unwrap();
        let mut intervention = unit.interventions().find_for_update(id(work)).await.unwrap().unwrap();
        how(&mut intervention);
        unit.interventions().update(&intervention, T0).await.unwrap();
        unit.commit().await.unwrap();
    }

    async fn lead(&self, work: Attachment, to: Status) {
        let end = |intervention: &mut Intervention| {
            (intervention.status, intervention.finished_at, intervention.closed_at) = (to, Some(T0), Some(T0));
        };
        self.change(work, end).await;
    }

    const fn on_machine(&self) -> Attachment {
        Attachment::Equipment(self.machine)
    }

    /// Tries to store.
    async fn store(
        &self,
        actor: &Actor,
        what: UploadDocument,
        mut source: Arriving<'_>,
    ) -> Result<Document, UploadError> {
        let repeated = RepeatedUpload { request: &without_key, render: &rendered };
        match what.run(&self.world.core, actor, &mut source, repeated).await? {
            Done::Now(document) => Ok(document),
            Done::Before(answer) => panic!("it was never asked before: {answer:?}"),
        }
    }

    /// Stores a report.
    async fn stored(&self, actor: &Actor, attachment: Attachment) -> Document {
        self.store(actor, report(attachment), Arriving::with(&pdf("rien à signaler"))).await.unwrap()
    }

    /// Refused for this, and nothing of it was kept.
    async fn refuses(&self, actor: &Actor, what: UploadDocument, source: Arriving<'_>, why: UploadError) {
        let before = (self.world.files.blobs(), self.world.store.documents());
        assert_eq!(self.store(actor, what, source).await.unwrap_err(), why);
        assert_eq!((self.world.files.blobs(), self.world.store.documents()), before);
        assert_eq!(self.world.files.unfinished(), 0);
    }
}

fn id(work: Attachment) -> InterventionId {
    let Attachment::Intervention(id) = work else { panic!("{work:?} is no work") };
    id
}
