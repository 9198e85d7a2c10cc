//! Lists of moderation: cases, what was said and done about them, and who was at work.

use super::{Audience, Column, Export, Seal};

pub static CASES: Export = Export {
    name: "cases",
    about: "Every case: whom it is about, what was done, by whom and how it stands.",
    audience: Audience::Records,
    projection: "cases",
    from: "{cases}",
    key: &["number"],
    columns: &[
        Column::number("number", "The case's number in the community."),
        Column::moment("at", "When it was opened.").when(),
        Column::person("person", "Whom it is about."),
        Column::text("kind", "`warning`, `note`, `timeout`, `kick`, `ban` …").filter(),
        Column::text("severity", "How severe, of warnings."),
        Column::person("moderator", "Whose hand it was; empty where a rule did it."),
        Column::person("acting_for", "In whose name, where that was somebody else."),
        Column::text("rule", "Which rule it was, where it was nobody."),
        Column::text("origin", "`order`, `ladder`, `batch` or `observed`."),
        Column::text("batch", "Which batch it belongs to."),
        Column::number("led_by", "The warning that took a step of the ladder."),
        Column::moment("until", "Until when it lasts, or counts."),
        Column::text("standing", "`counts`, `under_way`, `in_force`, `done`, `failed` or `over`.")
            .filter(),
        Column::text("status", "`open`, `resolved`, `expired`, `failed`, `revoked` or `pardoned`.")
            .filter(),
        Column::text("failure", "Why it failed, where it did."),
        Column::truth("hidden", "Whether its member is not told of it."),
        Column::number("notes", "How many notes it has."),
        Column::number("evidence", "How many pieces of evidence it has."),
        Column::number("appeals", "How many times it was appealed."),
        Column::text("appeal", "How the last appeal stands: `open`, `accepted` or `refused`."),
        Column::sealed(
            "reason",
            &Seal { owner: "reason_owner", event: "reason_event", fields: &["reason", "text"] },
            "The reason that was given.",
        ),
    ],
    // Nobody reads notes about themselves, or what is hidden from them.
    told: Some("NOT (person = {viewer} AND (kind = 'note' OR hidden <> 0))"),
};

pub static ENTRIES: Export = Export {
    name: "case_entries",
    about: "What was said and done about each case, in its order. Texts stay in the dashboard, and \
            steps of your own cases too.",
    audience: Audience::Records,
    projection: "cases",
    from: "{case_entries}",
    key: &["number", "seq"],
    columns: &[
        Column::number("number", "The case's number.").filter(),
        Column::number("seq", "The event's number in the community."),
        Column::moment("at", "When it was.").when(),
        Column::text("what", "`opened`, `note`, `evidence`, `step`, `appealed` …"),
        Column::person("moderator", "Whose hand it was."),
        Column::person("acting_for", "In whose name, where that was somebody else."),
        Column::text("rule", "Which rule it was, where it was nobody."),
        Column::text("detail", "More of it, in a word."),
        Column::number("other_case", "Another case that it has to do with.").of("other"),
        Column::text("event_id", "The event that says so, as the history names it."),
    ],
    told: Some("number NOT IN (SELECT number FROM cases WHERE guild = $1 AND person = {viewer})"),
};

pub static MODERATORS: Export = Export {
    name: "moderators",
    about: "How many cases of each kind every moderator opened.",
    audience: Audience::Records,
    projection: "moderators",
    from: "{moderators}",
    key: &["person", "kind"],
    columns: &[
        Column::person("person", "Who opened them."),
        Column::text("kind", "Which kind of case."),
        Column::number("cases", "How many."),
        Column::moment("last_at", "When the last one was.").when(),
    ],
    told: None,
};
