//! What the objects of a Kubernetes cluster say about a rollout: rules as functions over JSON. It never asks a cluster anything.
#![forbid(unsafe_code)]
