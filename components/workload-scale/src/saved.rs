//! The saved sizes: how the ConfigMap holds them, to which object each belongs, and which newer size replaces one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::inputs::KINDS;
use crate::object::{SCALED_OBJECT, Scalable, Size, TargetKey};

/// The ConfigMap with the saved sizes.
pub const CONFIG_MAP: &str = "lockstep-workload-scale";

/// A saved size, and what the object said when the step saved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedSize {
    /// The size.
    pub size: Size,
    /// The UID of the object; none in an entry that a person wrote, which belongs to the object of its name.
    pub uid: Option<String>,
    /// The size in the manifest that was applied last, if the object has that.
    pub manifest: Option<Size>,
    /// The fingerprint of the pod template.
    pub template: Option<String>,
    /// The numbers above 0 that the step has set since: they are not somebody else's.
    pub set: BTreeSet<u32>,
}

/// The saved sizes of a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedSizes {
    /// The namespace, as in the inputs.
    pub input_namespace: String,
    /// The version of the ConfigMap; none if it does not exist.
    pub version: Option<String>,
    /// The sizes by their keys in the ConfigMap.
    pub entries: BTreeMap<String, SavedSize>,
}

/// Why the object of a saved size is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gone {
    /// It no longer exists.
    Deleted,
    /// Another object has its name.
    Replaced,
}

/// A size that replaces a saved one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewerSize {
    /// The size.
    pub size: Size,
    /// Where it comes from.
    pub source: Source,
}

/// Where a newer size comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The manifest that was applied last has another size than the one before.
    Manifest,
    /// A release with a new pod template also set the number.
    Release,
    /// Somebody scaled the object above the saved size.
    ScaledUp,
}

impl SavedSize {
    /// The present size of an object.
    #[must_use]
    pub fn of(object: &Scalable) -> Self {
        Self {
            size: object.size,
            uid: Some(object.uid.clone()),
            manifest: object.manifest,
            template: object.template.clone(),
            set: BTreeSet::new(),
        }
    }

    /// Whether it is the saved size of this object, and not of another one that had the same name.
    #[must_use]
    pub fn is_of(&self, uid: &str) -> bool {
        self.uid.as_deref().is_none_or(|own| own == uid)
    }

    /// Whether an object has a size that the step itself gave it, or none.
    #[must_use]
    pub fn is_own(&self, size: Size) -> bool {
        size.is_asleep() || matches!(size, Size::Replicas(replicas) if self.set.contains(&replicas))
    }

    /// The size that replaces this one, if somebody else has set a newer one. A smaller number alone does not: it is most
    /// likely a GitOps controller that applies the same manifest again, or a person who looks at something in the night.
    #[must_use]
    pub fn newer(&self, object: &Scalable) -> Option<NewerSize> {
        let newer = |size, source| Some(NewerSize { size, source });
        if let (Some(manifest), Some(_)) = (object.manifest, &self.uid)
            && self.manifest != Some(manifest)
        {
            return newer(manifest, Source::Manifest);
        }
        if self.is_own(object.size) || object.size == self.size {
            return None;
        }
        match (self.size, object.size) {
            (Size::Replicas(saved), Size::Replicas(now)) if now < saved => {
                let is_new = self.template.is_some() && self.template != object.template;
                if is_new { newer(object.size, Source::Release) } else { None }
            }
            _ => newer(object.size, Source::ScaledUp),
        }
    }

    /// The saved size as a value of the ConfigMap, such as `replicas: 3, uid: 0b2f, manifest: 3`.
    #[must_use]
    pub fn to_entry(&self) -> String {
        let name = match self.size {
            Size::Replicas(_) => "replicas",
            Size::Suspended(_) => "suspended",
        };
        let mut entry = format!("{name}: {}", value(self.size));
        let mut add = |name: &str, value: &str| entry.extend([", ", name, ": ", value]);
        if let Some(uid) = &self.uid {
            add("uid", uid);
        }
        if let Some(manifest) = self.manifest {
            add("manifest", &value(manifest));
        }
        if let Some(template) = &self.template {
            add("template", template);
        }
        for replicas in &self.set {
            add("set", &replicas.to_string());
        }
        entry
    }

    /// Reads a value of the ConfigMap. The size comes first, and a name that this version does not know does not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',').map(|part| part.trim().split_once(": "));
        let (name, first) = parts.next()??;
        let read = |text: &str| match name {
            "replicas" => text.parse().ok().map(Size::Replicas),
            "suspended" => text.parse().ok().map(Size::Suspended),
            _ => None,
        };
        let mut saved =
            Self { size: read(first)?, uid: None, manifest: None, template: None, set: BTreeSet::new() };
        for part in parts {
            match part? {
                ("uid", uid) => saved.uid = Some(uid.to_owned()),
                ("manifest", size) => saved.manifest = Some(read(size)?),
                ("template", template) => saved.template = Some(template.to_owned()),
                ("set", replicas) => drop(saved.set.insert(replicas.parse().ok()?)),
                _ => {}
            }
        }
        Some(saved)
    }
}

impl NewerSize {
    /// The note about an object with this size.
    #[must_use]
    pub fn note(self, key: &TargetKey, saved: Size) -> String {
        let (name, now) = (key.title(), self.size);
        let text = match (self.source, now) {
            (Source::Manifest, _) => format!("{name}: the manifest that was applied last says {now}"),
            (Source::Release, _) => format!("{name} has a new pod template and {now} replicas"),
            (Source::ScaledUp, Size::Replicas(_)) => format!("{name} was scaled up meanwhile and has {now}"),
            (Source::ScaledUp, Size::Suspended(_)) => format!("{name} is {now} meanwhile"),
        };
        format!("{text}: that replaces the saved size {saved}")
    }
}

/// Reads the ConfigMap with the saved sizes. The second part has the keys that name no object or have invalid values.
#[must_use]
pub fn saved_sizes(input_namespace: &str, json: &str) -> (SavedSizes, Vec<String>) {
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let mut invalid = Vec::new();
    let mut entries = BTreeMap::new();
    for (key, entry) in value["data"].as_object().into_iter().flatten() {
        let saved = entry.as_str().and_then(SavedSize::parse);
        match saved.filter(|_| entry_key("", key).is_some()) {
            Some(saved) => drop(entries.insert(key.clone(), saved)),
            None => invalid.push(key.clone()),
        }
    }
    let version = Some(value["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned());
    (SavedSizes { input_namespace: input_namespace.to_owned(), version, entries }, invalid)
}

/// The object of a key of the ConfigMap; none for a key that this step does not write.
#[must_use]
pub fn entry_key(namespace: &str, entry: &str) -> Option<TargetKey> {
    let (kind, name) = entry.split_once('_')?;
    let is_known = !name.is_empty() && (KINDS.contains(&kind) || kind == SCALED_OBJECT);
    is_known.then(|| TargetKey {
        namespace: namespace.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
    })
}

fn value(size: Size) -> String {
    match size {
        Size::Replicas(replicas) => replicas.to_string(),
        Size::Suspended(suspended) => suspended.to_string(),
    }
}
