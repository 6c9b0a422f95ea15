//! Which call is under way that may have to wait for somebody. It knows no clock.

use super::{Gate, shorten};
use crate::call::CallRequest;
use crate::capability::Capability;

/// The calls of a run that leave this machine.
#[derive(Debug, Default)]
pub(super) struct PendingCalls {
    /// How many were begun.
    begun: u64,
    /// The one that is under way.
    call: Option<String>,
}

impl PendingCalls {
    /// No call is under way any more.
    pub(super) fn ended(&mut self) {
        self.call = None;
    }
}

impl Gate {
    /// The call that is under way and may have to wait for somebody, and its number.
    #[must_use]
    pub fn pending_call(&self) -> Option<(u64, String)> {
        let pending = &self.state().pending;
        pending.call.clone().map(|call| (pending.begun, call))
    }

    /// Remembers a call that is let through, and how many like it are carried out with it. Files are here: nobody is waited
    /// for.
    pub(super) fn begin(&self, request: &CallRequest<'_>, more: usize) {
        let CallRequest { capability, function, target, .. } = request;
        if *capability != Capability::Workspace {
            let call = format!("{}.{function} `{}`", capability.name(), shorten(target));
            let call = if more == 0 { call } else { format!("{call} and {more} more") };
            let pending = &mut self.state().pending;
            (pending.begun, pending.call) = (pending.begun + 1, Some(call));
        }
    }
}
