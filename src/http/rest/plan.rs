//! How a line of the table is asked: the GraphQL question that it stands for, what the path, the query
//! and the body have to say, and where in the answer its own answer lies.

use std::fmt::Write as _;

use super::{
    routes::Route,
    types::{Argument, Named, Types, base},
};

/// Objects within objects that an answer holds.
const DEEP: usize = 4;

#[derive(Debug)]
pub struct Plan {
    pub route: &'static Route,
    pub document: String,
    pub takes: Vec<Takes>,
    /// Keys to its own answer.
    pub way: Vec<String>,
    pub segments: Vec<Segment>,
    pub scope: Option<domain::keys::Scope>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Segment {
    Word(&'static str),
    Name(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Path,
    Query,
    Body,
}

/// Something that a request says.
#[derive(Clone, Debug)]
pub struct Takes {
    /// As the path, the query or the body names it.
    pub name: String,
    pub place: Place,
    /// The argument, where it is named otherwise.
    pub argument: String,
    /// The argument that it is a part of.
    pub within: Option<String>,
    pub of: Argument,
}

impl Plan {
    /// None where the table names what the schema does not have; a test finds that.
    pub fn of(route: &'static Route, types: &Types) -> Option<Self> {
        let segments: Vec<_> = route.path.split('/').skip(1).map(segment).collect();
        let mut plan = if route.is_reading() {
            reading(route, types, &segments)?
        } else {
            doing(route, types, &segments)?
        };
        plan.segments = segments;
        let all_there = plan.segments.iter().all(|segment| match segment {
            Segment::Word(_) | Segment::Name("guild") => true,
            Segment::Name(name) => {
                plan.takes.iter().any(|takes| takes.place == Place::Path && takes.name == *name)
            }
        });
        all_there.then_some(plan)
    }
}

fn segment(text: &'static str) -> Segment {
    match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
        Some(name) => Segment::Name(name),
        None => Segment::Word(text),
    }
}

fn place(segments: &[Segment], name: &str, otherwise: Place) -> Place {
    let in_path = segments.iter().any(|segment| matches!(segment, Segment::Name(n) if *n == name));
    if in_path { Place::Path } else { otherwise }
}

/// `economy.board`, with whatever its last part takes.
fn reading(route: &'static Route, types: &Types, segments: &[Segment]) -> Option<Plan> {
    let (mut holder, steps, of_guild) = match route.operation.strip_prefix("Query.") {
        Some(rest) => ("Query".to_owned(), rest, false),
        None => ("Guild".to_owned(), route.operation, true),
    };
    let steps: Vec<_> = steps.split('.').filter(|step| !step.is_empty()).collect();
    let (mut takes, mut variables, mut opened) = (Vec::new(), String::new(), String::new());
    let mut way = Vec::new();
    if of_guild {
        variables.push_str("$guild: Snowflake!, $asOf: Moment");
        opened.push_str("guild(id: $guild, asOf: $asOf) { ");
        way.push("guild".to_owned());
        let as_of = types.field("Query", "guild")?.arguments.iter().find(|a| a.name == "asOf")?;
        let (argument, of) = ("asOf".to_owned(), as_of.clone());
        takes.push(Takes {
            name: argument.clone(),
            place: Place::Query,
            argument,
            within: None,
            of,
        });
    }
    for (number, step) in steps.iter().enumerate() {
        let field = types.field(&holder, step)?;
        opened.push_str(step);
        if number + 1 == steps.len() && !field.arguments.is_empty() {
            let mut given = Vec::new();
            for argument in &field.arguments {
                if !variables.is_empty() {
                    variables.push_str(", ");
                }
                let _ = write!(variables, "${}: {}", argument.name, argument.kind);
                if let Some(literal) = &argument.literal {
                    let _ = write!(variables, " = {literal}");
                }
                given.push(format!("{0}: ${0}", argument.name));
                takes.extend(of_argument(route, types, segments, argument));
            }
            let _ = write!(opened, "({})", given.join(", "));
        }
        way.push((*step).to_owned());
        holder = base(&field.kind).to_owned();
        if number + 1 < steps.len() {
            opened.push_str(" { ");
        }
    }
    let select = match route.select {
        Some(select) => format!(" {{ {select} }}"),
        None => selection(types, &holder, &mut Vec::new()),
    };
    if steps.is_empty() {
        opened.push_str(select.trim().trim_start_matches('{').trim_end_matches('}'));
    } else {
        opened.push_str(&select);
    }
    let closing = " }".repeat(steps.len().saturating_sub(1) + usize::from(of_guild));
    let head = if variables.is_empty() { String::new() } else { format!("({variables})") };
    let document = format!("query{head} {{ {opened}{closing} }}");
    Some(Plan {
        route,
        document,
        takes,
        way,
        segments: Vec::new(),
        // The community's own name is read like the rest of it.
        scope: scope("Guild", of_guild.then(|| steps.first().copied().unwrap_or("name"))),
    })
}

/// What one argument is given by: itself, or where it is an object, its parts.
fn of_argument(
    route: &Route,
    types: &Types,
    segments: &[Segment],
    argument: &Argument,
) -> Vec<Takes> {
    let takes = |argument: &Argument, within: Option<&str>| {
        let name = route.name_of(&argument.name);
        Takes {
            name: name.to_owned(),
            place: place(segments, name, Place::Query),
            argument: argument.name.clone(),
            within: within.map(str::to_owned),
            of: argument.clone(),
        }
    };
    match types.named(base(&argument.kind)) {
        Named::Input(parts) => parts.iter().map(|part| takes(part, Some(&argument.name))).collect(),
        _ => vec![takes(argument, None)],
    }
}

/// A mutation: the community and the names in the path, the key in its header, the rest in the body.
fn doing(route: &'static Route, types: &Types, segments: &[Segment]) -> Option<Plan> {
    let field = types.field("Mutation", route.operation)?;
    let [input] = field.arguments.as_slice() else { return None };
    let input = base(&input.kind).to_owned();
    let Named::Input(parts) = types.named(&input) else { return None };
    let takes = |part: &Argument| {
        let name = route.name_of(&part.name);
        Takes {
            name: name.to_owned(),
            place: place(segments, name, Place::Body),
            argument: part.name.clone(),
            within: None,
            of: part.clone(),
        }
    };
    let asked = parts.iter().filter(|part| part.name != "guild" && part.name != "key");
    let selection = selection(types, base(&field.kind), &mut Vec::new());
    let operation = route.operation;
    Some(Plan {
        route,
        document: format!("mutation($input: {input}!) {{ {operation}(input: $input){selection} }}"),
        takes: asked.map(takes).collect(),
        way: vec![operation.to_owned()],
        segments: Vec::new(),
        scope: scope("Mutation", Some(operation)),
    })
}

fn scope(holder: &str, operation: Option<&str>) -> Option<domain::keys::Scope> {
    match schema::needs(holder, operation?) {
        schema::Needs::Scope(scope) => Some(scope),
        schema::Needs::Nothing | schema::Needs::Person => None,
    }
}

/// Everything of an object that takes no argument, and objects in it, but none inside of itself.
fn selection(types: &Types, name: &str, inside: &mut Vec<String>) -> String {
    let fields = types.fields(name);
    if fields.is_empty() {
        return String::new();
    }
    inside.push(name.to_owned());
    let mut chosen = Vec::new();
    for field in selected(types, name, inside) {
        let below = selection(types, base(&field.kind), inside);
        chosen.push(format!("{}{below}", field.name));
    }
    inside.pop();
    format!(" {{ {} }}", chosen.join(" "))
}

/// The fields of an object that an answer holds.
pub fn selected<'a>(
    types: &'a Types,
    name: &str,
    inside: &[String],
) -> Vec<&'a super::types::Field> {
    let fields = types.fields(name);
    // Lists by cursor: their lines, and where they go on.
    let is_list = fields.iter().any(|field| field.name == "nodes");
    let fields = fields.iter().filter(|field| {
        let below = base(&field.kind);
        let is_object = !types.fields(below).is_empty();
        match (is_list, name) {
            (true, _) => ["nodes", "pageInfo", "endCursor"].contains(&field.name.as_str()),
            (_, "PageInfo") => ["hasNextPage", "endCursor"].contains(&field.name.as_str()),
            _ => {
                field.arguments.is_empty()
                    && !(is_object
                        && (inside.len() >= DEEP || inside.iter().any(|known| known == below)))
            }
        }
    });
    fields.collect()
}
