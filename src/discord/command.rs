//! What a command is. Declared once, from here come what Discord is told, the reading of options,
//! the help and the documents.
//!
//! A capability has one file in `commands/`: its verbs (`/bytes send` is one), what its buttons
//! do, and one line that registers them in `commands.rs`.

use std::{future::Future, pin::Pin, time::Duration};

use actions::{Permission, modules::Module};
use twilight_model::gateway::Intents;

use super::{
    ctx::{Ctx, Form, Pressed, Typing},
    failure::Failure,
    options::{BadOption, Given, Opt, Options},
    reply::Reply,
    text::Text,
};

pub type Answer = Result<Reply, Failure>;
type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What there is to know of a verb besides its options.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    pub name: Text,
    pub about: Text,
    pub permission: Option<Permission>,
    /// Only for those who run this installation, whatever they are in the community.
    pub operators_only: bool,
    /// How long one member waits between two uses; operators and communities can set another.
    pub cooldown: Duration,
    /// Only whoever asked sees the answer.
    pub private: bool,
    /// Whether it can be written behind a prefix, where a community has switched that on.
    pub by_prefix: bool,
    pub examples: &'static [&'static str],
}

impl Spec {
    pub const fn new(name: Text, about: Text) -> Self {
        Self {
            name,
            about,
            permission: None,
            operators_only: false,
            cooldown: Duration::ZERO,
            private: false,
            by_prefix: true,
            examples: &[],
        }
    }

    pub const fn needs(self, permission: Permission) -> Self {
        Self { permission: Some(permission), ..self }
    }

    pub const fn for_operators(self) -> Self {
        Self { operators_only: true, private: true, by_prefix: false, ..self }
    }

    pub const fn every(self, cooldown: Duration) -> Self {
        Self { cooldown, ..self }
    }

    /// Without a way to answer one person alone, a prefix command cannot stand in for it.
    pub const fn private(self) -> Self {
        Self { private: true, by_prefix: false, ..self }
    }

    pub const fn examples(self, examples: &'static [&'static str]) -> Self {
        Self { examples, ..self }
    }
}

/// A verb: its options are the struct that implements this.
pub trait Verb: Options + Send + 'static {
    const SPEC: Spec;

    fn run(self, ctx: Ctx) -> impl Future<Output = Answer> + Send;

    /// What could stand in an option, while a person types. Read only, and quick.
    fn suggest(ctx: Ctx, typing: Typing) -> impl Future<Output = Vec<Suggestion>> + Send {
        async move {
            drop((ctx, typing));
            Vec::new()
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    pub title: String,
    pub value: String,
}

/// A verb, as the registry holds it.
#[derive(Clone, Copy)]
pub struct Route {
    pub spec: Spec,
    pub options: &'static [Opt],
    run: fn(Ctx, &Given) -> Result<Work<Answer>, BadOption>,
    suggest: fn(Ctx, Typing) -> Work<Vec<Suggestion>>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Route").field("name", &self.spec.name.en).finish_non_exhaustive()
    }
}

impl Route {
    pub const fn of<V: Verb>() -> Self {
        Self { spec: V::SPEC, options: V::OPTIONS, run: run::<V>, suggest: suggest::<V> }
    }

    pub fn run(&self, ctx: Ctx, given: &Given) -> Result<Work<Answer>, BadOption> {
        (self.run)(ctx, given)
    }

    pub fn suggest(&self, ctx: Ctx, typing: Typing) -> Work<Vec<Suggestion>> {
        (self.suggest)(ctx, typing)
    }
}

fn run<V: Verb>(ctx: Ctx, given: &Given) -> Result<Work<Answer>, BadOption> {
    let verb = V::read(given)?;
    Ok(Box::pin(verb.run(ctx)))
}

fn suggest<V: Verb>(ctx: Ctx, typing: Typing) -> Work<Vec<Suggestion>> {
    Box::pin(V::suggest(ctx, typing))
}

/// A slash command: verbs under one name, or one verb that is the command itself; or an entry in
/// the menu of a person or a message.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    pub name: Text,
    pub about: Text,
    pub verbs: &'static [Route],
    pub is_verb: bool,
    pub place: Place,
}

/// Where people find a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Behind a slash.
    Typed,
    OnPerson,
    OnMessage,
}

impl Place {
    /// As Discord numbers it.
    pub const fn number(self) -> u8 {
        match self {
            Self::Typed => 1,
            Self::OnPerson => 2,
            Self::OnMessage => 3,
        }
    }
}

impl Group {
    pub const fn new(name: Text, about: Text, verbs: &'static [Route]) -> Self {
        Self { name, about, verbs, is_verb: false, place: Place::Typed }
    }

    /// The command of exactly this verb.
    pub const fn verb(verbs: &'static [Route; 1]) -> Self {
        let Spec { name, about, .. } = verbs[0].spec;
        Self { name, about, verbs, is_verb: true, place: Place::Typed }
    }

    /// A verb without options that is found on a person or a message.
    pub const fn menu(place: Place, verbs: &'static [Route; 1]) -> Self {
        Self { place, ..Self::verb(verbs) }
    }

    pub fn find(&'static self, verb: &str) -> Option<&'static Route> {
        if self.is_verb {
            return self.verbs.first().filter(|_| verb.is_empty());
        }
        self.verbs.iter().find(|route| route.spec.name.en == verb)
    }

    /// `/bytes send`
    pub fn path(&self, route: &Route) -> String {
        if self.place != Place::Typed {
            self.name.en.to_owned()
        } else if self.is_verb {
            format!("/{}", self.name.en)
        } else {
            format!("/{} {}", self.name.en, route.spec.name.en)
        }
    }
}

/// What a button or menu does when somebody uses it.
#[derive(Clone, Copy)]
pub struct Press {
    pub verb: &'static str,
    /// It changes the message that it is on.
    pub replaces: bool,
    run: fn(Ctx, Pressed) -> Work<Answer>,
}

impl std::fmt::Debug for Press {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Press").field("verb", &self.verb).finish_non_exhaustive()
    }
}

impl Press {
    pub const fn new(verb: &'static str, run: fn(Ctx, Pressed) -> Work<Answer>) -> Self {
        Self { verb, replaces: true, run }
    }

    pub fn run(&self, ctx: Ctx, pressed: Pressed) -> Work<Answer> {
        (self.run)(ctx, pressed)
    }
}

/// What a form does when somebody sends it.
#[derive(Clone, Copy)]
pub struct Submit {
    pub verb: &'static str,
    run: fn(Ctx, Form) -> Work<Answer>,
}

impl std::fmt::Debug for Submit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Submit").field("verb", &self.verb).finish_non_exhaustive()
    }
}

impl Submit {
    pub const fn new(verb: &'static str, run: fn(Ctx, Form) -> Work<Answer>) -> Self {
        Self { verb, run }
    }

    pub fn run(&self, ctx: Ctx, form: Form) -> Work<Answer> {
        (self.run)(ctx, form)
    }
}

/// What a capability adds to Discord.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// Also the first part of its buttons.
    pub name: &'static str,
    /// Which module switches it off; none for what must always be there.
    pub module: Option<&'static Module>,
    pub title: Text,
    /// What it must hear of Discord.
    pub intents: Intents,
    pub groups: &'static [Group],
    pub presses: &'static [Press],
    pub submits: &'static [Submit],
}

/// The capability, command and verb of a name that Discord sent.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub capability: &'static Capability,
    pub group: &'static Group,
    pub route: &'static Route,
}

/// What these capabilities must hear together. Roles and owners are always needed: without them
/// nobody's rank is known.
pub fn intents(capabilities: &'static [Capability]) -> Intents {
    capabilities.iter().fold(Intents::GUILDS, |all, capability| all | capability.intents)
}

pub fn find(capabilities: &'static [Capability], group: &str, verb: &str) -> Option<Found> {
    capabilities.iter().find_map(|capability| {
        let group = capability.groups.iter().find(|known| known.name.en == group)?;
        Some(Found { capability, group, route: group.find(verb)? })
    })
}

pub fn all(capabilities: &'static [Capability]) -> impl Iterator<Item = Found> {
    capabilities.iter().flat_map(|capability| {
        capability.groups.iter().flat_map(move |group| {
            group.verbs.iter().map(move |route| Found { capability, group, route })
        })
    })
}
