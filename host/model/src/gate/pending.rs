//! The remote call that is in progress, for the notice about slow calls. This module reads no clock.

use super::{Gate, shorten};
use crate::call::CallRequest;
use crate::capability::Capability;

/// The remote calls of a run.
#[derive(Debug, Default)]
pub(super) struct PendingCalls {
    /// The number of calls that have begun.
    begun: u64,
    /// The call that is in progress.
    call: Option<String>,
}

impl PendingCalls {
    /// Records that the call has ended.
    pub(super) fn ended(&mut self) {
        self.call = None;
    }
}

impl Gate {
    /// The number and the name of the remote call that is in progress.
    #[must_use]
    pub fn pending_call(&self) -> Option<(u64, String)> {
        let pending = &self.state().pending;
        pending.call.clone().map(|call| (pending.begun, call))
    }

    /// Records that a call begins, with `more` calls of the same batch. It ignores calls of the workspace, which are
    /// local.
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
