//! The types of the GraphQL schema, read from its own text: what a path takes, answers and documents
//! follows from them, and is said nowhere else.

use std::collections::HashMap;

use async_graphql::{
    Positioned,
    parser::{
        parse_schema,
        types::{
            BaseType, FieldDefinition, InputValueDefinition, Type, TypeKind, TypeSystemDefinition,
        },
    },
};

#[derive(Debug)]
pub struct Types(HashMap<String, Named>);

#[derive(Debug)]
pub enum Named {
    /// Our own, or one of GraphQL's.
    Scalar,
    Enum(Vec<String>),
    Object(Vec<Field>),
    Input(Vec<Argument>),
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub about: String,
    pub arguments: Vec<Argument>,
    pub kind: Type,
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub name: String,
    pub about: String,
    pub kind: Type,
    pub default: Option<serde_json::Value>,
    /// The same, as the schema writes it.
    pub literal: Option<String>,
}

impl Argument {
    /// Whether it has to be given.
    pub fn is_needed(&self) -> bool {
        !self.kind.nullable && self.default.is_none()
    }
}

impl Types {
    /// Fails only where the schema's own text is not one.
    pub fn read(sdl: &str) -> Result<Self, String> {
        let document = parse_schema(sdl).map_err(|error| error.to_string())?;
        let mut named = HashMap::new();
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let definition = definition.node;
            let kind = match definition.kind {
                TypeKind::Object(object) => {
                    Named::Object(object.fields.into_iter().map(field).collect())
                }
                TypeKind::InputObject(input) => {
                    Named::Input(input.fields.into_iter().map(argument).collect())
                }
                TypeKind::Enum(values) => {
                    let value = |value: Positioned<
                        async_graphql::parser::types::EnumValueDefinition,
                    >| { value.node.value.node.to_string() };
                    Named::Enum(values.values.into_iter().map(value).collect())
                }
                TypeKind::Scalar | TypeKind::Interface(_) | TypeKind::Union(_) => Named::Scalar,
            };
            named.insert(definition.name.node.to_string(), kind);
        }
        Ok(Self(named))
    }

    pub fn named(&self, name: &str) -> &Named {
        self.0.get(name).unwrap_or(&Named::Scalar)
    }

    /// The fields of an object; none of anything else.
    pub fn fields(&self, name: &str) -> &[Field] {
        match self.named(name) {
            Named::Object(fields) => fields,
            _ => &[],
        }
    }

    pub fn field(&self, holder: &str, name: &str) -> Option<&Field> {
        self.fields(holder).iter().find(|field| field.name == name)
    }
}

/// What a type is named, without lists around it.
pub fn base(kind: &Type) -> &str {
    match &kind.base {
        BaseType::Named(name) => name,
        BaseType::List(inside) => base(inside),
    }
}

pub fn is_list(kind: &Type) -> bool {
    matches!(kind.base, BaseType::List(_))
}

fn field(field: Positioned<FieldDefinition>) -> Field {
    let field = field.node;
    Field {
        name: field.name.node.to_string(),
        about: text(field.description),
        arguments: field.arguments.into_iter().map(argument).collect(),
        kind: field.ty.node,
    }
}

fn argument(argument: Positioned<InputValueDefinition>) -> Argument {
    let argument = argument.node;
    Argument {
        name: argument.name.node.to_string(),
        about: text(argument.description),
        kind: argument.ty.node,
        literal: argument.default_value.as_ref().map(|value| value.node.to_string()),
        default: argument.default_value.and_then(|value| value.node.into_json().ok()),
    }
}

/// A description, on one line.
fn text(text: Option<Positioned<String>>) -> String {
    let text = text.map(|text| text.node).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
