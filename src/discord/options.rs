//! The options of a command, declared once: [`options!`](crate::discord::options) makes the struct
//! that the command gets, what Discord is told about them, and the reading of what a person gave.

use std::fmt::Debug;

use domain::{Bytes, ChannelId, RoleId, UserId};

use super::text::{Lang, Text, text};

/// Discord's own limit of a text option.
const MAX_TEXT_CHARS: i64 = 6_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Switch,
    User,
    Channel,
    Role,
}

impl Kind {
    /// As Discord numbers it.
    pub const fn number(self) -> u8 {
        match self {
            Self::Text => 3,
            Self::Integer => 4,
            Self::Switch => 5,
            Self::User => 6,
            Self::Channel => 7,
            Self::Role => 8,
        }
    }

    pub const fn in_words(self) -> Text {
        match self {
            Self::Text => text("a text", "ein Text"),
            Self::Integer => text("a whole number", "eine ganze Zahl"),
            Self::Switch => text("yes or no", "ja oder nein"),
            Self::User => text("a member", "ein Mitglied"),
            Self::Channel => text("a channel", "ein Kanal"),
            Self::Role => text("a role", "eine Rolle"),
        }
    }
}

/// One of a few fixed values.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    pub value: &'static str,
    pub title: Text,
}

/// What Discord, the help and the documents are told about one option.
#[derive(Clone, Copy, Debug)]
pub struct Opt {
    /// The name in the code and on the wire.
    pub name: &'static str,
    /// The name in other languages.
    pub title: Text,
    pub about: Text,
    pub kind: Kind,
    pub required: bool,
    /// Of a number its value, of a text its length.
    pub least: Option<i64>,
    pub most: Option<i64>,
    pub choices: &'static [Choice],
    /// Suggestions come while a person types.
    pub suggests: bool,
}

impl Opt {
    /// Its name in each language, and what it is.
    pub const fn new(title: Text, about: Text) -> Self {
        Self {
            name: title.en,
            title,
            about,
            kind: Kind::Text,
            required: true,
            least: None,
            most: None,
            choices: &[],
            suggests: false,
        }
    }

    pub const fn between(self, least: i64, most: i64) -> Self {
        Self { least: Some(least), most: Some(most), ..self }
    }

    pub const fn choices(self, choices: &'static [Choice]) -> Self {
        Self { choices, ..self }
    }

    pub const fn suggests(self) -> Self {
        Self { suggests: true, ..self }
    }

    /// Of the type that the field has.
    pub const fn of(self, name: &'static str, kind: Kind, required: bool) -> Self {
        Self { name, kind, required, ..self }
    }
}

/// What a person gave for an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(String),
    Integer(i64),
    Switch(bool),
    User(UserId),
    Channel(ChannelId),
    Role(RoleId),
}

/// Everything that was given, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given(pub Vec<(String, Value)>);

impl Given {
    pub fn read<A: Argument>(&self, opt: &Opt) -> Result<A, BadOption> {
        let value = self.0.iter().find(|(name, _)| name == opt.name).map(|(_, value)| value);
        A::read(value, opt)
    }
}

/// An option that cannot be used. Discord checks most of this before it sends a command, but
/// whoever speaks to us need not be Discord's own program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadOption {
    pub name: Text,
    pub problem: Problem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    Missing,
    WrongKind(Kind),
    Number(i64, i64),
    Length(i64, i64),
    NoChoice,
}

impl BadOption {
    pub fn say(&self, lang: Lang) -> String {
        let name: (&str, &dyn std::fmt::Display) = ("name", &self.name.say(lang));
        match self.problem {
            Problem::Missing => text("`{name}` is missing.", "`{name}` fehlt.").fill(lang, &[name]),
            Problem::WrongKind(kind) => {
                text("`{name}` must be {kind}.", "`{name}` muss {kind} sein.")
                    .fill(lang, &[name, ("kind", &kind.in_words().say(lang))])
            }
            Problem::Number(least, most) => text(
                "`{name}` must be from {least} to {most}.",
                "`{name}` muss von {least} bis {most} sein.",
            )
            .fill(lang, &[name, ("least", &least), ("most", &most)]),
            Problem::Length(least, most) => text(
                "`{name}` must have {least} to {most} characters.",
                "`{name}` muss {least} bis {most} Zeichen haben.",
            )
            .fill(lang, &[name, ("least", &least), ("most", &most)]),
            Problem::NoChoice => {
                text("`{name}`: use one of the choices.", "`{name}`: nimm eine der Möglichkeiten.")
                    .fill(lang, &[name])
            }
        }
    }
}

/// What a field of an options struct can be.
pub trait Argument: Sized {
    const KIND: Kind;
    const REQUIRED: bool = true;

    fn read(value: Option<&Value>, opt: &Opt) -> Result<Self, BadOption>;
}

/// A struct of options.
pub trait Options: Sized + Debug {
    const OPTIONS: &'static [Opt];

    fn read(given: &Given) -> Result<Self, BadOption>;
}

/// Declares the options of a command:
///
/// ```ignore
/// options! {
///     pub struct Send {
///         user: UserId = Opt::new(text("user", "mitglied"), text("Who receives", "Wer empfängt")),
///         reason: Option<String> = Opt::new(…).between(1, 300),
///     }
/// }
/// ```
macro_rules! options {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($field:ident: $kind:ty = $opt:expr),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug)]
        $vis struct $name { $($field: $kind),* }

        impl $crate::discord::options::Options for $name {
            const OPTIONS: &'static [$crate::discord::options::Opt] = &[$(
                $opt.of(
                    stringify!($field),
                    <$kind as $crate::discord::options::Argument>::KIND,
                    <$kind as $crate::discord::options::Argument>::REQUIRED,
                )
            ),*];

            fn read(
                given: &$crate::discord::options::Given,
            ) -> Result<Self, $crate::discord::options::BadOption> {
                let mut opts = Self::OPTIONS.iter();
                $(let $field = given.read(opts.next().expect("each field has its option"))?;)*
                let _ = (given, opts.next());
                Ok(Self { $($field),* })
            }
        }
    };
}
pub(crate) use options;

fn bad<T>(opt: &Opt, problem: Problem) -> Result<T, BadOption> {
    Err(BadOption { name: opt.title, problem })
}

fn given<'a>(value: Option<&'a Value>, opt: &Opt) -> Result<&'a Value, BadOption> {
    value.map_or_else(|| bad(opt, Problem::Missing), Ok)
}

impl<T: Argument> Argument for Option<T> {
    const KIND: Kind = T::KIND;
    const REQUIRED: bool = false;

    fn read(value: Option<&Value>, opt: &Opt) -> Result<Self, BadOption> {
        value.map(|value| T::read(Some(value), opt)).transpose()
    }
}

impl Argument for String {
    const KIND: Kind = Kind::Text;

    fn read(value: Option<&Value>, opt: &Opt) -> Result<Self, BadOption> {
        let Value::Text(text) = given(value, opt)? else {
            return bad(opt, Problem::WrongKind(Kind::Text));
        };
        let (least, most) = (opt.least.unwrap_or(0), opt.most.unwrap_or(MAX_TEXT_CHARS));
        let chars = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if !(least..=most).contains(&chars) {
            return bad(opt, Problem::Length(least, most));
        }
        if !opt.choices.is_empty() && !opt.choices.iter().any(|choice| choice.value == text) {
            return bad(opt, Problem::NoChoice);
        }
        Ok(text.clone())
    }
}

impl Argument for i64 {
    const KIND: Kind = Kind::Integer;

    fn read(value: Option<&Value>, opt: &Opt) -> Result<Self, BadOption> {
        let Value::Integer(number) = given(value, opt)? else {
            return bad(opt, Problem::WrongKind(Kind::Integer));
        };
        let (least, most) = (opt.least.unwrap_or(i64::MIN), opt.most.unwrap_or(i64::MAX));
        if !(least..=most).contains(number) {
            return bad(opt, Problem::Number(least, most));
        }
        Ok(*number)
    }
}

impl Argument for u32 {
    const KIND: Kind = Kind::Integer;

    fn read(value: Option<&Value>, opt: &Opt) -> Result<Self, BadOption> {
        let number = i64::read(value, opt)?;
        let most = opt.most.unwrap_or(i64::from(Self::MAX));
        Self::try_from(number).map_or_else(|_| bad(opt, Problem::Number(0, most)), Ok)
    }
}

impl Argument for Bytes {
    const KIND: Kind = Kind::Integer;

    fn read(value: Option<&Value>, opt: &Opt) -> Result<Self, BadOption> {
        i64::read(value, opt).map(Self)
    }
}

macro_rules! plain {
    ($($rust:ty => $kind:ident;)+) => {$(
        impl Argument for $rust {
            const KIND: Kind = Kind::$kind;

            fn read(value: Option<&Value>, opt: &Opt) -> Result<Self, BadOption> {
                match given(value, opt)? {
                    Value::$kind(value) => Ok(*value),
                    _ => bad(opt, Problem::WrongKind(Kind::$kind)),
                }
            }
        }
    )+};
}
plain! {
    bool => Switch;
    UserId => User;
    ChannelId => Channel;
    RoleId => Role;
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODES: &[Choice] = &[
        Choice { value: "fast", title: text("Fast", "Schnell") },
        Choice { value: "slow", title: text("Slow", "Langsam") },
    ];

    options! {
        struct Sample {
            user: UserId = Opt::new(text("user", "mitglied"), text("Who", "Wer")),
            amount: Bytes = Opt::new(text("amount", "betrag"), text("How much", "Wie viel")).between(1, 9),
            reason: Option<String> = Opt::new(text("reason", "grund"), text("Why", "Warum")).between(1, 300),
            mode: Option<String> = Opt::new(text("mode", "art"), text("How", "Wie")).choices(MODES),
        }
    }

    fn given(values: &[(&str, Value)]) -> Given {
        Given(values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn base() -> Vec<(&'static str, Value)> {
        let user = UserId::new(7).unwrap();
        vec![("amount", Value::Integer(5)), ("user", Value::User(user))]
    }

    #[test]
    fn given_a_declaration_then_discord_hears_types_from_the_fields() {
        let told: Vec<_> =
            Sample::OPTIONS.iter().map(|opt| (opt.name, opt.kind, opt.required)).collect();
        let expected = [
            ("user", Kind::User, true),
            ("amount", Kind::Integer, true),
            ("reason", Kind::Text, false),
            ("mode", Kind::Text, false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn given_what_a_person_gave_then_the_struct_holds_it_whatever_the_order() {
        let read = Sample::read(&given(&base())).unwrap();
        assert_eq!((read.user.get(), read.amount), (7, Bytes(5)));
        assert_eq!((read.reason, read.mode), (None, None));
    }

    #[test]
    fn given_anything_that_discord_would_refuse_then_the_option_is_named() {
        let long = "x".repeat(4_096);
        for (name, value, says) in [
            ("amount", Some(Value::Integer(0)), "`amount` must be from 1 to 9."),
            ("amount", Some(Value::Integer(i64::MAX)), "`amount` must be from 1 to 9."),
            ("amount", Some(Value::Text("5".into())), "`amount` must be a whole number."),
            ("amount", None, "`amount` is missing."),
            ("user", Some(Value::Switch(true)), "`user` must be a member."),
            ("reason", Some(Value::Text(long)), "`reason` must have 1 to 300 characters."),
            ("reason", Some(Value::Text(String::new())), "`reason` must have 1 to 300 characters."),
            ("mode", Some(Value::Text("odd".into())), "`mode`: use one of the choices."),
        ] {
            let mut values = base();
            values.retain(|(given, _)| *given != name);
            values.extend(value.map(|value| (name, value)));
            let bad = Sample::read(&given(&values)).unwrap_err();
            assert_eq!(bad.say(Lang::En), says);
        }
        let bad = Sample::read(&given(&[])).unwrap_err();
        assert_eq!(bad.say(Lang::De), "`mitglied` fehlt.");
    }
}
