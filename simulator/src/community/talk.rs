//! What people write. Nobody reads it but whoever looks at the channels; it only has to sound as if
//! somebody lived there.

use rand::{Rng, RngExt as _};

pub const HAUNTS: [&str; 3] = ["general", "workshop", "off-topic"];

const GREETINGS: [&str; 8] = [
    "good morning",
    "hey all",
    "evening!",
    "back from work, finally",
    "hello from a very rainy town",
    "hi, what did I miss?",
    "coffee first, words later",
    "hullo",
];
const GENERAL: [&str; 10] = [
    "has anybody been to {place} lately?",
    "I think {thing} is underrated",
    "who is around on {day}?",
    "that was a good evening, thanks everybody",
    "the announcement looks great",
    "can somebody explain {thing} to me as if I were five",
    "same here",
    "haha, yes",
    "I am off, see you on {day}",
    "we should do that again on {day}",
];
const WORKSHOP: [&str; 8] = [
    "finished my {thing} today, pictures tomorrow",
    "the hinge of my {thing} broke again",
    "what glue do you use for a {thing}?",
    "third attempt at the {thing}, and it finally holds",
    "selling my old {thing}, pick it up at {place}",
    "I need a smaller drill for this {thing}",
    "wow, that is neat",
    "sanding is 90% of it, isn't it",
];
const OFF_TOPIC: [&str; 8] = [
    "my cat has decided to own the {thing}",
    "the train to {place} is late. Again.",
    "soup is a drink, fight me",
    "anybody seen the film with the {thing}?",
    "I dreamt of a {thing} last night",
    "it is {day} already?",
    "no spoilers please!",
    "this is the way",
];
const THINGS: [&str; 12] = [
    "bookshelf",
    "kettle",
    "kite",
    "lamp",
    "birdhouse",
    "synth",
    "scarf",
    "canoe",
    "clock",
    "sourdough",
    "telescope",
    "skateboard",
];
const PLACES: [&str; 6] =
    ["the harbor", "the mill", "the old library", "the market", "the lake", "the tram museum"];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const THANKS: [&str; 10] = [
    "thanks for the help",
    "best meme of the week",
    "you were right about the tides",
    "lost the bet",
    "for the soup recipe",
    "happy birthday!",
    "thanks for hosting",
    "movie night snacks",
    "for fixing my hinge",
    "because you are kind",
];
const QUARRELS: [&str; 8] = [
    "you always do this",
    "that is not what I said",
    "then read it again",
    "I have had enough of this",
    "could you stop?",
    "no, YOU stop",
    "everybody else understood it",
    "whatever",
];
const RAIDS: [&str; 3] =
    ["FREE GIFTS just click", "everybody is getting one, hurry", "limited!!! claim yours now"];
pub const EMOJIS: [&str; 6] = ["👍", "❤️", "😂", "🎉", "👀", "🔥"];

fn one<'a>(dice: &mut impl Rng, of: &[&'a str]) -> &'a str {
    of[dice.random_range(0..of.len())]
}

pub fn emoji(dice: &mut impl Rng) -> &'static str {
    one(dice, &EMOJIS)
}

pub fn thanks(dice: &mut impl Rng) -> &'static str {
    one(dice, &THANKS)
}

pub fn quarrel(dice: &mut impl Rng) -> &'static str {
    one(dice, &QUARRELS)
}

pub fn raid(dice: &mut impl Rng) -> &'static str {
    one(dice, &RAIDS)
}

pub fn greeting(dice: &mut impl Rng) -> &'static str {
    one(dice, &GREETINGS)
}

/// Something that fits the channel.
pub fn line(dice: &mut impl Rng, channel: &str) -> String {
    let lines: &[&str] = match channel {
        "workshop" => &WORKSHOP,
        "off-topic" => &OFF_TOPIC,
        _ => &GENERAL,
    };
    let line = one(dice, lines);
    line.replace("{thing}", one(dice, &THINGS))
        .replace("{place}", one(dice, &PLACES))
        .replace("{day}", one(dice, &DAYS))
}
