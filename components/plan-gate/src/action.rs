//! The actions of a plan, and how often each occurs.

use std::fmt;

/// What Terraform can do to an object, the most dangerous action first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It destroys the object.
    Delete,
    /// It destroys the object and creates another in its place.
    Replace,
    /// It removes the object from the state and does not destroy it.
    Forget,
    /// It changes the object in place.
    Update,
    /// It creates an object.
    Create,
    /// It invokes an action of a provider.
    Invoke,
    /// It imports the object into the state.
    Import,
    /// It moves the object to another address.
    Move,
    /// It reads a data source during apply.
    Read,
}

impl Action {
    /// All actions, the most dangerous first.
    pub const ALL: [Self; 9] = [
        Self::Delete,
        Self::Replace,
        Self::Forget,
        Self::Update,
        Self::Create,
        Self::Invoke,
        Self::Import,
        Self::Move,
        Self::Read,
    ];

    /// The name, as in the inputs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Replace => "replace",
            Self::Forget => "forget",
            Self::Update => "update",
            Self::Create => "create",
            Self::Invoke => "invoke",
            Self::Import => "import",
            Self::Move => "move",
            Self::Read => "read",
        }
    }

    /// The action with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Whether Terraform no longer manages the current object at the address after this action.
    pub fn removes_object(self) -> bool {
        matches!(self, Self::Delete | Self::Replace | Self::Forget)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Actions(u16);

impl Actions {
    /// Parses the list of a change in a plan; `no-op` is the empty set. None if the list is unknown.
    pub fn parse(names: &[String]) -> Option<Self> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let actions: &[Action] = match names[..] {
            ["no-op"] => &[],
            ["create"] => &[Action::Create],
            ["read"] => &[Action::Read],
            ["update"] => &[Action::Update],
            ["delete"] => &[Action::Delete],
            ["forget"] => &[Action::Forget],
            ["delete", "create"] | ["create", "delete"] => &[Action::Replace],
            // Terraform writes the first order, OpenTofu the second.
            ["create", "forget"] | ["forget", "create"] => &[Action::Create, Action::Forget],
            _ => return None,
        };
        Some(actions.iter().copied().collect())
    }

    /// Adds an action.
    #[must_use]
    pub fn with(self, action: Action) -> Self {
        Self(self.0 | 1 << action as u16)
    }

    /// Whether the set contains the action.
    pub fn contains(self, action: Action) -> bool {
        self.0 & 1 << action as u16 != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The actions, the most dangerous first.
    pub fn iter(self) -> impl Iterator<Item = Action> {
        Action::ALL.into_iter().filter(move |action| self.contains(*action))
    }
}

impl FromIterator<Action> for Actions {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        actions.into_iter().fold(Self::default(), Self::with)
    }
}

/// How often each action occurs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u32; Action::ALL.len()]);

impl Counts {
    /// Counts each of these actions once.
    pub fn add(&mut self, actions: Actions) {
        for action in actions.iter() {
            self.0[action as usize] = self.0[action as usize].saturating_add(1);
        }
    }

    /// Adds the numbers of another plan.
    pub fn add_all(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    /// How often the action occurs.
    pub fn of(&self, action: Action) -> u32 {
        self.0[action as usize]
    }
}
