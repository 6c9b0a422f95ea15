//! Components written by hand, for attacks that no compiler produces. They have the form of a step. Without replaced parts
//! they do nothing and succeed.

/// The parts of a component that an attack replaces.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The imports of the component.
    pub imports: &'a str,
    /// Definitions of its core module: a table, a start function.
    pub core: &'a str,
    /// The body of the function that allocates memory for inputs.
    pub realloc: &'a str,
    /// The body of `run`.
    pub run: &'a str,
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self { imports: "", core: "", realloc: "i32.const 1024", run: "i32.const 4096" }
    }
}

/// The bytes of the component as a `.wasm` file.
///
/// # Panics
/// The parts do not form a component.
#[must_use]
pub fn component(parts: Parts<'_>) -> Vec<u8> {
    let Parts { imports, core, realloc, run } = parts;
    let text = format!(
        r#"(component
            {imports}
            (core module $module
                (memory (export "memory") 1)
                {core}
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc})
                (func (export "run") (param i32 i32 i32 i32) (result i32) {run}))
            (core instance $core (instantiate $module))
            (type $inputs-type (record (field "act" string) (field "words" (list string))))
            (export $inputs "inputs" (type $inputs-type))
            (type $outputs-type (record (field "said" (list string))))
            (export $outputs "outputs" (type $outputs-type))
            (type $location-type (record (field "path" string) (field "line" (option u32)) (field "column" (option u32))))
            (export $location "location" (type $location-type))
            (type $kind-type (enum "rejected" "invalid" "integrity" "credentials" "unavailable" "limit-exceeded"))
            (export $kind "failure-kind" (type $kind-type))
            (type $failure-type (record (field "kind" $kind) (field "code" string) (field "message" string)
                (field "hint" (option string)) (field "location" (option $location))))
            (export $failure "failure" (type $failure-type))
            (func $run (param "inputs" $inputs) (result (result $outputs (error $failure)))
                (canon lift (core func $core "run") (memory (core memory $core "memory")) (realloc (core func $core "realloc"))))
            (export "run" (func $run)))"#
    );
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}
