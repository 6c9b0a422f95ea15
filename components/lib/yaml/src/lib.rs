//! Byte-exact edits of YAML texts. An edit changes only the bytes that it must. The library parses each result again, compares it
//! with the intended one, and refuses the edit if they differ. It reads and writes no file.
#![forbid(unsafe_code)]

mod align;
mod append;
mod block;
mod change;
mod comment;
mod equal;
mod flow;
mod gate;
mod insert;
mod inspect;
mod items;
mod json;
mod layout;
mod lines;
mod op;
mod order;
mod parse;
mod part;
mod plan;
mod planner;
mod quote;
mod readers;
mod refusal;
mod remove;
mod render;
mod replace;
mod scalar;
mod second;
mod select;
mod shared;
mod show;
mod splice;
mod stream;
mod tree;
mod value;
mod verify;

pub use gate::MAX_BYTES;
pub use granit_parser::ScalarStyle;
pub use lockstep_path::{InvalidPath, Path, Segment, clip};
pub use op::{ChangedValue, Op};
pub use readers::{ResolvedScalar, is_string_for_all, resolve_for_all};
pub use refusal::{Position, Refusal, RefusalReason};
pub use scalar::Scalar;
pub use select::{FindOptions, PathMatch};
pub use shared::{AliasMode, SharedValue};
pub use stream::{EditResult, Stream};
pub use tree::NodeId;
pub use value::{InvalidJson, Value};
