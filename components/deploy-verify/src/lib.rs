//! The step `deploy-verify`: carries values between the host and the pure modules. Never decides.
