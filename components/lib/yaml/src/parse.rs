//! Builds the tree of a file from the events of the parser.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StructureStyle};

use crate::block::Block;
use crate::lines::skip_trivia;
use crate::refusal::{Position, Refusal, RefusalReason};
use crate::tree::{Data, Node, NodeId, Properties, STRETCH, Style, Tag, Tree, characters};

/// The most collections within one another: what walks a tree does so on the stack, and that of a guest is
/// small. JSON is read to almost the same depth.
const MAX_DEPTH: usize = 128;

/// Reads all documents of `text`.
pub(crate) fn parse(text: &str) -> Result<Tree<'_>, Refusal> {
    let mut builder = Builder::new(text);
    for event in Parser::new_from_str_with_options(text, options()) {
        let (event, span) = event.map_err(|error| invalid(&error))?;
        builder.take(event, &span)?;
    }
    Ok(builder.tree)
}

fn options() -> Options {
    // The limit on comments guards streams; a whole file is in memory anyway, and a thousand lines of
    // commented-out values are not rare.
    granit_parser::options! { emit_anchor_events: true, max_buffered_comment_events: 1_000_000 }
}

fn invalid(error: &ScanError) -> Refusal {
    let marker = error.marker();
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let at = Position { line: number(marker.line()), column: number(marker.col()).saturating_add(1) };
    let reason = match error.kind() {
        // The parser looks ahead, with a limit of its own.
        ErrorKind::RecursionLimitExceeded => RefusalReason::TooDeep(MAX_DEPTH),
        _ => RefusalReason::InvalidYaml(error.info().to_owned()),
    };
    reason.at(at)
}

struct Builder<'a> {
    tree: Tree<'a>,
    open: Vec<Open>,
    anchors: HashMap<usize, NodeId>,
    /// The byte after what has been read.
    cursor: usize,
}

/// A collection whose end has not come yet.
struct Open {
    id: NodeId,
    /// The key that waits for its value.
    key: Option<NodeId>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let starts = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let lines = std::iter::once(0).chain(starts.map(|(at, _)| narrow(at + 1))).collect();
        let counts = text.as_bytes().chunks(STRETCH).scan(0, |all, stretch| {
            *all += characters(stretch);
            Some(*all)
        });
        let characters = std::iter::once(0).chain(counts).collect();
        let (nodes, roots, comments, aliases) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let tree = Tree { text, nodes, roots, comments, lines, characters, aliases };
        let cursor = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { tree, open: Vec::new(), anchors: HashMap::new(), cursor }
    }

    fn take(&mut self, event: Event<'a>, span: &Span) -> Result<(), Refusal> {
        let Some(range) = span.byte_range() else {
            return Err(RefusalReason::Unsupported("the parser gave no byte offset".into()).into());
        };
        match event {
            Event::DocumentStart(true, _) => self.cursor = range.end,
            Event::DocumentEnd => self.cursor = self.cursor.max(range.end),
            Event::Comment(..) => self.tree.comments.push(narrow(range.start)..narrow(range.end)),
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text, style, anchor, tag.as_deref(), span, range);
            }
            Event::Alias(target) => {
                let Some(&target) = self.anchors.get(&target) else {
                    return Err(RefusalReason::Unsupported("an alias of nothing".into()).into());
                };
                let id = self.add(Data::Alias { target }, range.clone(), None, 0, span);
                self.tree.aliases.push(id);
                self.leave(range.end);
            }
            Event::Anchor(_, name) => self.anchor(&name, range),
            Event::SequenceStart(style, anchor, tag) => {
                let style = self.style(style, &range);
                let data = Data::Sequence { items: Vec::new(), style };
                self.enter(data, range, tag.as_deref(), anchor, span)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                let style = self.style(style, &range);
                let data = Data::Mapping { entries: Vec::new(), style, indent: u32::MAX, quoted: true };
                self.enter(data, range, tag.as_deref(), anchor, span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(range.end),
            _ => {}
        }
        Ok(())
    }

    fn style(&self, style: StructureStyle, range: &std::ops::Range<usize>) -> Style {
        match style {
            StructureStyle::Block => Style::Block,
            StructureStyle::Flow if range.is_empty() => Style::Pair,
            StructureStyle::Flow => Style::Flow,
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'a, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&granit_parser::Tag>,
        span: &Span,
        range: std::ops::Range<usize>,
    ) {
        // The parser spells an absent value `~`; it is an empty plain scalar to us.
        let absent = range.is_empty() && style == ScalarStyle::Plain;
        let text = if absent { Cow::Borrowed("") } else { text };
        let indent = u16::try_from(span.indent.unwrap_or(0)).unwrap_or(u16::MAX);
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let indent = if block { indent } else { 0 };
        let mut range = range;
        if absent && anchor == 0 && tag.is_none() {
            // Right behind its indicator, not somewhere before the next token.
            let slot = self.peek_slot();
            range = slot..slot;
        }
        let id = self.add(Data::Scalar { text, style, indent }, range.clone(), tag, anchor, span);
        if block {
            range.end = self.place_block(id, range.end);
        }
        self.leave(range.end);
    }

    /// The parser's span of a block scalar starts at its text and runs over the empty lines behind it
    /// into the next line's indentation. Ours starts at `|` or `>` and ends with its last line.
    fn place_block(&mut self, id: NodeId, end: usize) -> usize {
        let text = self.tree.text;
        let header = skip_trivia(text, self.tree.node(id).properties_end() as usize);
        let end = match text[..end].rfind('\n') {
            Some(newline) if newline >= header && end < text.len() => newline + 1,
            _ => end.max(header + 1),
        };
        let indent = match self.tree.node(id).data {
            Data::Scalar { indent, .. } => usize::from(indent),
            _ => 0,
        };
        let block = Block::measure(text, header, end, indent);
        let end = if block.keeps(text) { block.tail.end } else { block.body.end };
        let node = &mut self.tree.nodes[id.0 as usize];
        node.start = narrow(header);
        node.end = narrow(end);
        end
    }

    /// Adds a node at its place in the collection that is open.
    fn add(
        &mut self,
        data: Data<'a>,
        range: std::ops::Range<usize>,
        tag: Option<&granit_parser::Tag>,
        anchor: usize,
        span: &Span,
    ) -> NodeId {
        self.cursor = self.peek_slot();
        let id = NodeId(narrow(self.tree.nodes.len()));
        let tag = tag.zip(span.tag_span().and_then(|span| span.byte_range()));
        let properties = tag.map(|(tag, range)| {
            let full = format!("{}{}", tag.handle(), tag.suffix());
            let tag = Tag { written: &self.tree.text[range.clone()], full, end: narrow(range.end) };
            Box::new(Properties { anchor: None, tag: Some(tag) })
        });
        self.tree.nodes.push(Node {
            parent: self.open.last().map(|open| open.id),
            data,
            start: narrow(range.start),
            end: narrow(range.end),
            slot: narrow(self.cursor),
            properties,
        });
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        self.attach(id, span);
        id
    }

    fn attach(&mut self, id: NodeId, span: &Span) {
        let Some(open) = self.open.last_mut() else {
            self.tree.roots.push(id);
            return;
        };
        let double = matches!(self.tree.node(id).data, Data::Scalar { style: ScalarStyle::DoubleQuoted, .. });
        match &mut self.tree.nodes[open.id.0 as usize].data {
            Data::Sequence { items, .. } => items.push(id),
            Data::Mapping { entries, indent, quoted, .. } => match open.key.take() {
                Some(key) => entries.push((key, id)),
                None => {
                    *quoted &= double;
                    open.key = Some(id);
                    if *indent == u32::MAX {
                        *indent = span.indent.map_or(u32::MAX, narrow);
                    }
                }
            },
            _ => {}
        }
    }

    /// Where the next node's slot begins: behind the indicator that leads to it.
    fn peek_slot(&self) -> usize {
        let Some(open) = self.open.last() else {
            return self.cursor;
        };
        let block = |style: &Style| *style == Style::Block;
        match &self.tree.node(open.id).data {
            Data::Sequence { style, .. } if block(style) => self.after(self.cursor, b'-'),
            Data::Sequence { .. } => self.after(self.cursor, b','),
            Data::Mapping { .. } if open.key.is_some() => self.after(self.cursor, b':'),
            Data::Mapping { style, .. } => {
                let at = if block(style) { self.cursor } else { self.after(self.cursor, b',') };
                let question = self.after(at, b'?');
                let next = self.tree.text.as_bytes().get(question);
                // A plain scalar may begin with a question mark; the indicator has a blank behind it.
                if next.is_none_or(u8::is_ascii_whitespace) { question } else { at }
            }
            _ => self.cursor,
        }
    }

    /// The byte behind `indicator` if it comes next, else `at`.
    fn after(&self, at: usize, indicator: u8) -> usize {
        let next = skip_trivia(self.tree.text, at);
        if self.tree.text.as_bytes().get(next) == Some(&indicator) { next + 1 } else { at }
    }

    fn anchor(&mut self, name: &str, range: std::ops::Range<usize>) {
        let Some(node) = self.tree.nodes.last_mut() else {
            return;
        };
        let written = &self.tree.text[range.start + 1..range.end];
        debug_assert_eq!(written, name);
        let span = narrow(range.start)..narrow(range.end);
        node.properties.get_or_insert_default().anchor = Some((written, span));
        self.cursor = self.cursor.max(range.end);
        if let Data::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. } = node.data {
            let id = NodeId(narrow(self.tree.nodes.len() - 1));
            let end = self.tree.node(id).end as usize;
            self.cursor = self.place_block(id, end).max(self.cursor);
        }
    }

    fn enter(
        &mut self,
        data: Data<'a>,
        range: std::ops::Range<usize>,
        tag: Option<&granit_parser::Tag>,
        anchor: usize,
        span: &Span,
    ) -> Result<(), Refusal> {
        if self.open.len() == MAX_DEPTH {
            return Err(RefusalReason::TooDeep(MAX_DEPTH).at(self.tree.position(narrow(range.start))));
        }
        let flow = !range.is_empty();
        let end = range.end;
        let id = self.add(data, range, tag, anchor, span);
        self.cursor = self.tree.node(id).properties_end() as usize;
        if flow {
            self.cursor = end;
        }
        self.open.push(Open { id, key: None });
        Ok(())
    }

    fn close(&mut self, end: usize) {
        let Some(Open { id, .. }) = self.open.pop() else {
            return;
        };
        let node = self.tree.node(id);
        let (first, last, flow) = match &node.data {
            Data::Sequence { items, style } => (items.first(), items.last(), *style == Style::Flow),
            Data::Mapping { entries, style, .. } => {
                let ends = entries.first().zip(entries.last());
                (ends.map(|(first, _)| &first.0), ends.map(|(_, last)| &last.1), *style == Style::Flow)
            }
            _ => (None, None, false),
        };
        let (mut start, mut end) = (node.start, narrow(end));
        if let (Some(&first), Some(&last), false) = (first, last, flow) {
            let (first, last) = (self.tree.node(first), self.tree.node(last));
            end = last.end.max(last.properties_end());
            // The parser's span of a block sequence starts behind its first dash, or even further on.
            start = match &node.data {
                Data::Sequence { .. } => first.slot.saturating_sub(1),
                _ => start.min(first.start),
            };
        }
        let node = &mut self.tree.nodes[id.0 as usize];
        (node.start, node.end) = (start, end);
        self.leave(end as usize);
    }

    fn leave(&mut self, end: usize) {
        self.cursor = self.cursor.max(end);
    }
}

/// Offsets fit 32 bits: a file has at most 32 MiB.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
