//! Byte-exact edits of YAML files: every edit changes the bytes it must and no others, is proven
//! by reading the result again, and is refused otherwise. Never touches a file or the network.
#![forbid(unsafe_code)]

mod align;
mod append;
mod block;
mod change;
mod comment;
mod edit;
mod equal;
mod flow;
mod gate;
mod insert;
mod items;
mod lines;
mod look;
mod order;
mod parse;
mod part;
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

pub use edit::{Change, Op};
pub use gate::MAX_BYTES;
pub use lockstep_path::{BadPath, Path, Segment, clip};
pub use readers::{Reading, all_read, all_read_text, core, go, yaml_1_1};
pub use refusal::{Position, Reason, Refusal};
pub use scalar::{Form, Scalar};
pub use select::{Lookup, Place};
pub use shared::{Alias, Shared};
pub use stream::{Edited, Stream};
pub use tree::NodeId;
pub use value::{NotJson, Value};
