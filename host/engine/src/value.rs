//! Converts JSON to values of a component and back, by the types that the component declares.

use lockstep_model::types::{Field, Integer, Type};
use serde_json::{Map, Number, Value};
use wasmtime::component::{Val, types};

/// The name of a field with a type that JSON cannot represent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} has a type that JSON cannot represent")]
pub struct UnsupportedType(pub String);

/// The fields of a record type.
///
/// # Errors
/// JSON cannot represent the type of a field.
pub(crate) fn fields(record: &types::Record) -> Result<Vec<Field>, UnsupportedType> {
    record
        .fields()
        .map(|field| Ok(Field { name: field.name.to_owned(), ty: read_type(field.name, &field.ty)? }))
        .collect()
}

fn read_type(name: &str, ty: &types::Type) -> Result<Type, UnsupportedType> {
    Ok(match ty {
        types::Type::Bool => Type::Bool,
        types::Type::U8 => Type::Integer(Integer::U8),
        types::Type::U16 => Type::Integer(Integer::U16),
        types::Type::U32 => Type::Integer(Integer::U32),
        types::Type::U64 => Type::Integer(Integer::U64),
        types::Type::S8 => Type::Integer(Integer::S8),
        types::Type::S16 => Type::Integer(Integer::S16),
        types::Type::S32 => Type::Integer(Integer::S32),
        types::Type::S64 => Type::Integer(Integer::S64),
        types::Type::Float64 => Type::Float,
        types::Type::String => Type::String,
        types::Type::List(list) => Type::List(Box::new(read_type(name, &list.ty())?)),
        types::Type::Option(option) => Type::Option(Box::new(read_type(name, &option.ty())?)),
        types::Type::Enum(words) => Type::Enum(words.names().map(str::to_owned).collect()),
        types::Type::Record(record) => Type::Record(fields(record)?),
        _ => return Err(UnsupportedType(format!("`{name}`"))),
    })
}

/// Converts a JSON value to a value of a component. The caller has checked it against the same type; `None` if it does not
/// match.
pub(crate) fn to_val(value: &Value, ty: &types::Type) -> Option<Val> {
    let signed = || value.as_i64();
    let unsigned = || value.as_u64();
    Some(match ty {
        types::Type::Bool => Val::Bool(value.as_bool()?),
        types::Type::U8 => Val::U8(unsigned()?.try_into().ok()?),
        types::Type::U16 => Val::U16(unsigned()?.try_into().ok()?),
        types::Type::U32 => Val::U32(unsigned()?.try_into().ok()?),
        types::Type::U64 => Val::U64(unsigned()?),
        types::Type::S8 => Val::S8(signed()?.try_into().ok()?),
        types::Type::S16 => Val::S16(signed()?.try_into().ok()?),
        types::Type::S32 => Val::S32(signed()?.try_into().ok()?),
        types::Type::S64 => Val::S64(signed()?),
        types::Type::Float64 => Val::Float64(value.as_f64()?),
        types::Type::String => Val::String(value.as_str()?.to_owned()),
        types::Type::Enum(_) => Val::Enum(value.as_str()?.to_owned()),
        types::Type::List(list) => {
            let item = list.ty();
            Val::List(value.as_array()?.iter().map(|value| to_val(value, &item)).collect::<Option<_>>()?)
        }
        types::Type::Option(_) if value.is_null() => Val::Option(None),
        types::Type::Option(option) => Val::Option(Some(Box::new(to_val(value, &option.ty())?))),
        types::Type::Record(record) => {
            let field = |field: types::Field<'_>| {
                Some((field.name.to_owned(), to_val(value.get(field.name)?, &field.ty)?))
            };
            Val::Record(record.fields().map(field).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// Whether values of a type are plain data, without a handle to a resource of an instance.
pub(crate) fn is_plain(ty: &types::Type) -> bool {
    match ty {
        types::Type::List(list) => is_plain(&list.ty()),
        types::Type::Option(option) => is_plain(&option.ty()),
        types::Type::Record(record) => record.fields().all(|field| is_plain(&field.ty)),
        types::Type::Tuple(tuple) => tuple.types().all(|ty| is_plain(&ty)),
        types::Type::Variant(variant) => variant.cases().all(|case| case.ty.as_ref().is_none_or(is_plain)),
        types::Type::Result(result) => [result.ok(), result.err()].iter().flatten().all(is_plain),
        types::Type::Bool
        | types::Type::U8
        | types::Type::U16
        | types::Type::U32
        | types::Type::U64
        | types::Type::S8
        | types::Type::S16
        | types::Type::S32
        | types::Type::S64
        | types::Type::Float32
        | types::Type::Float64
        | types::Type::Char
        | types::Type::String
        | types::Type::Enum(_)
        | types::Type::Flags(_) => true,
        _ => false,
    }
}

/// The weight of a value in bytes: at least those of its JSON, and for each value in it those that the host needs to hold it.
pub(crate) fn weight(val: &Val) -> usize {
    const VALUE_BYTES: usize = 64;
    let inside = match val {
        Val::String(text) => 2 * text.len() + 4 * count_control_characters(text.as_bytes()),
        Val::List(items) => items.iter().map(weight).sum(),
        Val::Option(Some(value)) | Val::Result(Ok(Some(value)) | Err(Some(value))) => weight(value),
        Val::Tuple(items) => items.iter().map(weight).sum(),
        Val::Variant(_, Some(value)) => weight(value),
        Val::Flags(words) => words.iter().map(|word| VALUE_BYTES + word.len()).sum(),
        Val::Record(fields) => fields.iter().map(|(name, value)| name.len() + weight(value)).sum(),
        _ => 0,
    };
    VALUE_BYTES + inside
}

/// The number of control characters in a text. Parts of 255 bytes have sums that fit a byte, which makes this many times
/// faster.
fn count_control_characters(text: &[u8]) -> usize {
    let count = |part: &[u8]| part.iter().map(|byte| u8::from(*byte < b' ')).sum::<u8>();
    text.chunks(usize::from(u8::MAX)).map(|part| usize::from(count(part))).sum()
}

/// Converts a value of a component to JSON. `None` if JSON cannot represent it, such as NaN.
pub(crate) fn from_val(val: Val) -> Option<Value> {
    Some(match val {
        Val::Bool(value) => Value::Bool(value),
        Val::U8(number) => number.into(),
        Val::U16(number) => number.into(),
        Val::U32(number) => number.into(),
        Val::U64(number) => number.into(),
        Val::S8(number) => number.into(),
        Val::S16(number) => number.into(),
        Val::S32(number) => number.into(),
        Val::S64(number) => number.into(),
        Val::Float64(number) => Value::Number(Number::from_f64(number)?),
        Val::String(text) | Val::Enum(text) => text.into(),
        Val::List(items) => Value::Array(items.into_iter().map(from_val).collect::<Option<_>>()?),
        Val::Option(None) => Value::Null,
        Val::Option(Some(value)) => from_val(*value)?,
        Val::Record(fields) => {
            let fields = fields.into_iter().map(|(name, value)| Some((name, from_val(value)?)));
            Value::Object(fields.collect::<Option<Map<_, _>>>()?)
        }
        _ => return None,
    })
}
