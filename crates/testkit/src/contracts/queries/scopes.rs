//! Who sees which interventions in lists.

use mif_domain::customers::CustomerId;
use mif_domain::interventions::{InterventionId, Priority, Status};
use mif_domain::paging::Direction;
use mif_domain::queries::{InterventionFilter, InterventionScope, InterventionSort};
use mif_domain::technicians::TechnicianId;

use super::super::Backend;
use super::{first_page, walk};
use crate::{T0, a_customer, a_technician, an_equipment, an_intervention, later};

async fn seen(backend: &Backend, scope: InterventionScope, filter: &InterventionFilter) -> Vec<InterventionId> {
    let mut by_every_order = Vec::new();
    for sort in [InterventionSort::Id, InterventionSort::DueAt, InterventionSort::Title] {
        let page = first_page(sort, Direction::Descending, 2);
        let fetch = |page| async move { backend.queries.list_interventions(scope, filter, &page).await };
        let mut ids: Vec<_> = walk(page, fetch).await.iter().map(|view| view.intervention.id).collect();
        ids.sort();
        by_every_order.push(ids);
    }
    let ids = by_every_order.pop().unwrap();
    assert!(by_every_order.iter().all(|others| *others == ids), "the order decides what is seen");
    ids
}

/// Two customers, two technicians, and work in every state, given to nobody, to one or to the other.
struct Shop {
    owners: [CustomerId; 2],
    crew: [TechnicianId; 2],
    work: Vec<(InterventionId, Status, Option<TechnicianId>, CustomerId)>,
}

impl Shop {
    async fn new(backend: &Backend) -> Self {
        let mut owners = Vec::new();
        let mut machines = Vec::new();
        for name in ["Cosumar", "Lesieur"] {
            let owner = a_customer(&*backend.work, name).await.id;
            owners.push(owner);
            machines.push(backend.insert_equipment(an_equipment(name).customer(owner).build()).await.id);
        }
        let karim = backend.insert_technician("karim", a_technician().build()).await.id;
        let hassan = backend.insert_technician("hassan", a_technician().build()).await.id;
        let mut work = Vec::new();
        for status in Status::ALL.iter().copied() {
            let nobody_may = matches!(status, Status::Open | Status::Cancelled | Status::Archived);
            for technician in [None, Some(karim), Some(hassan)] {
                let skipped = if technician.is_none() { !nobody_may } else { status == Status::Open };
                for (owner, machine) in owners.iter().zip(&machines).filter(|_| !skipped) {
                    let draft = an_intervention("Fuite", *machine).build();
                    let entered = backend.insert_intervention(draft, None, T0).await;
                    let entered = backend.bring_into(entered, status, technician).await;
                    work.push((entered.id, status, technician, *owner));
                }
            }
        }
        Self { owners: owners.try_into().unwrap(), crew: [karim, hassan], work }
    }

    fn expected(&self, visible: impl Fn(Status, Option<TechnicianId>, CustomerId) -> bool) -> Vec<InterventionId> {
        self.work.iter().filter(|work| visible(work.1, work.2, work.3)).map(|work| work.0).collect()
    }
}

/// Everything, or nothing at all.
pub async fn a_list_of_interventions_obeys_its_scope(backend: &Backend) {
    let shop = Shop::new(backend).await;
    let everything = &InterventionFilter::default();
    assert_eq!(seen(backend, InterventionScope::All, everything).await, shop.expected(|_, _, _| true));
    assert!(seen(backend, InterventionScope::Nothing, everything).await.is_empty());
    for owner in shop.owners {
        let of_customer = seen(backend, InterventionScope::OfCustomer(owner), everything).await;
        assert_eq!(of_customer, shop.expected(|_, _, whose| whose == owner));
    }
    assert!(seen(backend, InterventionScope::OfCustomer(CustomerId(404)), everything).await.is_empty());
}

/// Not what was given up before anybody had it.
pub async fn a_technician_sees_their_own_work_and_what_is_open_and_nobodys(backend: &Backend) {
    let shop = Shop::new(backend).await;
    let everything = &InterventionFilter::default();
    let free = |status, technician: Option<TechnicianId>| status == Status::Open && technician.is_none();
    for technician in shop.crew {
        let of_technician = seen(backend, InterventionScope::OfTechnician(technician), everything).await;
        let expected = shop.expected(|status, who, _| who == Some(technician) || free(status, who));
        assert_eq!(of_technician, expected);
    }
    let unassigned = shop.expected(|status, who, _| free(status, who));
    assert_eq!(seen(backend, InterventionScope::Unassigned, everything).await, unassigned);
    assert_eq!(seen(backend, InterventionScope::OfTechnician(TechnicianId(404)), everything).await, unassigned);
}

/// The machine was sold; its past stays with the seller, its future goes to the buyer.
pub async fn a_customer_sees_work_by_whose_it_was_when_it_was_entered(backend: &Backend) {
    let seller = a_customer(&*backend.work, "Cosumar").await.id;
    let buyer = a_customer(&*backend.work, "Lesieur").await.id;
    let mut machine = backend.insert_equipment(an_equipment("Presse 4").customer(seller).build()).await;
    let before = backend.insert_intervention(an_intervention("Fuite", machine.id).build(), None, T0).await.id;
    machine.sheet.customer_id = Some(buyer);
    let mut unit = backend.begin().await;
    unit.equipment().update(&machine, later(1)).await.unwrap();
    unit.commit().await.unwrap();
    let after = backend.insert_intervention(an_intervention("Bruit", machine.id).build(), None, later(2)).await.id;
    let everything = InterventionFilter::default();
    for (customer, own, others) in [(seller, before, after), (buyer, after, before)] {
        let scope = InterventionScope::OfCustomer(customer);
        assert_eq!(seen(backend, scope, &everything).await, [own]);
        let of_customer = InterventionFilter { customer_id: Some(customer), ..InterventionFilter::default() };
        assert_eq!(seen(backend, InterventionScope::All, &of_customer).await, [own]);
        assert!(backend.queries.find_intervention(own, scope).await.unwrap().is_some());
        assert_eq!(backend.queries.find_intervention(others, scope).await, Ok(None));
    }
}

/// Asking for what others have is not a way round; neither is a search.
pub async fn filters_never_widen_a_scope(backend: &Backend) {
    let shop = Shop::new(backend).await;
    let ([owner, other], [karim, hassan]) = (shop.owners, shop.crew);
    let none = InterventionFilter::default;
    let of_hassan = InterventionFilter { technician_id: Some(hassan), ..none() };
    let text = InterventionFilter { text: Some("fuite".to_owned()), ..none() };
    let short = InterventionFilter { text: Some("f".to_owned()), ..none() };
    let of_other = InterventionFilter { customer_id: Some(other), ..none() };
    assert!(seen(backend, InterventionScope::OfTechnician(karim), &of_hassan).await.is_empty());
    assert!(seen(backend, InterventionScope::OfCustomer(owner), &of_other).await.is_empty());
    let both = seen(backend, InterventionScope::OfCustomer(owner), &of_hassan).await;
    assert_eq!(both, shop.expected(|_, who, whose| who == Some(hassan) && whose == owner));
    let calm = InterventionFilter { is_urgent: Some(false), ..none() };
    let normal = InterventionFilter { priority: Some(Priority::Normal), ..none() };
    for filter in [text, short, calm, normal] {
        let of_owner = seen(backend, InterventionScope::OfCustomer(owner), &filter).await;
        assert_eq!(of_owner, shop.expected(|_, _, whose| whose == owner));
        let of_karim = seen(backend, InterventionScope::OfTechnician(karim), &filter).await;
        let free = |status, who: Option<TechnicianId>| status == Status::Open && who.is_none();
        assert_eq!(of_karim, shop.expected(|status, who, _| who == Some(karim) || free(status, who)));
        assert!(seen(backend, InterventionScope::Nothing, &filter).await.is_empty());
    }
}
