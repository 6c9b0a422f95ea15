//! What a policy wants to know of the plans while the step reads them: which patterns match, and the values of attributes.

use crate::outcome::Outcome;
use crate::pattern::Coverage;
use crate::plan::{Plan, Uncompared, Unmet};
use crate::plan_json::{ResourceChange, ResourceWithValues};
use crate::policy::Policy;
use crate::require::Requirement;

/// The inspection of all plans of a run. Without a policy, it looks at nothing.
#[derive(Debug, Default)]
pub struct Inspection<'p> {
    /// Which patterns match something.
    pub coverage: Coverage,
    requirements: &'p [Requirement],
    /// For each requirement, how many resources have the attribute, and how many have none.
    attributes: Vec<AttributeCount>,
}

/// How many of the resources that a requirement is about have its attribute.
#[derive(Clone, Copy, Debug, Default)]
struct AttributeCount {
    with: usize,
    without: usize,
}

impl<'p> Inspection<'p> {
    /// The inspection for a policy.
    pub fn new(policy: &'p Policy) -> Self {
        let attributes = vec![AttributeCount::default(); policy.require.len()];
        Self { coverage: Coverage::of(policy), requirements: &policy.require, attributes }
    }

    /// The requirements that are about resources of which none has the attribute, by index, with the number of resources.
    pub fn without_attribute(&self) -> impl Iterator<Item = (usize, usize)> {
        let counts = self.attributes.iter().enumerate();
        counts
            .filter(|(_, count)| count.with == 0 && count.without > 0)
            .map(|(at, count)| (at, count.without))
    }

    /// Whether the policy needs the values of attributes.
    pub(crate) fn needs_values(&self) -> bool {
        !self.requirements.is_empty()
    }

    /// Sees a resource, changed or not.
    pub(crate) fn see(&mut self, resource: &ResourceChange) {
        let names = [resource.kind.as_deref(), Some(&resource.address), resource.previous_address.as_deref()];
        self.coverage.see_resource(names.into_iter().flatten());
    }

    /// Checks the attributes of a resource that exists after the plan.
    pub(crate) fn check(&mut self, plan: &mut Plan, raw: &ResourceWithValues) {
        let (kind, address) = (raw.resource.kind.as_deref().unwrap_or_default(), &raw.resource.address);
        let mut values = None;
        for (index, requirement) in self.requirements.iter().enumerate() {
            if !requirement.matches(kind, address) {
                continue;
            }
            let outcome = requirement.check(values.get_or_insert_with(|| raw.values()));
            let count = &mut self.attributes[index];
            match outcome {
                Outcome::NoAttribute => count.without += 1,
                _ => count.with += 1,
            }
            plan.add_outcome(index, outcome, address);
        }
    }
}

impl Plan {
    fn add_outcome(&mut self, requirement: usize, outcome: Outcome, address: &str) {
        match outcome {
            Outcome::Holds | Outcome::NoAttribute => {}
            Outcome::Unknown | Outcome::Sensitive => {
                let same = |one: &&mut Uncompared| (one.requirement, one.outcome) == (requirement, outcome);
                match self.uncompared.iter_mut().find(same) {
                    Some(known) => known.count += 1,
                    None => self.uncompared.push(Uncompared {
                        requirement,
                        outcome,
                        first: address.to_owned(),
                        count: 1,
                    }),
                }
            }
            _ => self.unmet.push(Unmet { address: address.to_owned(), requirement, outcome }),
        }
    }
}
