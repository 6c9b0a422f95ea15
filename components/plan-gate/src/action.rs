//! What a plan does to an object, and how often. Never looks at a document.

use std::fmt;

/// What can happen to an object, the most dangerous first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It is destroyed.
    Delete,
    /// It is destroyed, and another takes its place.
    Replace,
    /// It is dropped from the state, and stays.
    Forget,
    /// It is changed in place.
    Update,
    /// It is made.
    Create,
    /// An action of a provider is run.
    Invoke,
    /// It is taken into the state.
    Import,
    /// It gets another address.
    Move,
    /// A data source is read during apply.
    Read,
}

impl Action {
    /// All of them, the most dangerous first.
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

    /// As inputs and people have it.
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

    /// The action of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Whether Terraform loses the object that is at the address now.
    pub fn loses(self) -> bool {
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
    /// Reads the list that a plan has for a change, of which no-op is the empty set. Nothing if it is not known.
    pub fn parse(words: &[String]) -> Option<Self> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let actions: &[Action] = match words[..] {
            ["no-op"] => &[],
            ["create"] => &[Action::Create],
            ["read"] => &[Action::Read],
            ["update"] => &[Action::Update],
            ["delete"] => &[Action::Delete],
            ["forget"] => &[Action::Forget],
            ["delete", "create"] | ["create", "delete"] => &[Action::Replace],
            // Terraform writes the one, OpenTofu the other.
            ["create", "forget"] | ["forget", "create"] => &[Action::Create, Action::Forget],
            _ => return None,
        };
        Some(actions.iter().copied().collect())
    }

    /// With this action too.
    #[must_use]
    pub fn with(self, action: Action) -> Self {
        Self(self.0 | 1 << action as u16)
    }

    /// Whether the action is one of them.
    pub fn contains(self, action: Action) -> bool {
        self.0 & 1 << action as u16 != 0
    }

    /// Whether there is none.
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

/// How often each action happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u32; Action::ALL.len()]);

impl Counts {
    /// Counts each of these once.
    pub fn add(&mut self, actions: Actions) {
        for action in actions.iter() {
            self.0[action as usize] = self.0[action as usize].saturating_add(1);
        }
    }

    /// How often this happens.
    pub fn of(&self, action: Action) -> u32 {
        self.0[action as usize]
    }
}
