//! `docs/analysts/`: a page for each list, made of the registry.

use std::fmt::Write as _;

use super::{
    Audience, Export, Kind, registered,
    views::{Dialect, type_name},
};

/// File names and texts. `README.md` of the folder, which is written by hand, links to the last of
/// them, the overview.
pub fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<_> =
        registered().iter().map(|export| (format!("{}.md", export.name), page(export))).collect();
    pages.push(("lists.md".to_owned(), overview()));
    pages
}

const MADE: &str = "<!-- Made of projections/src/exports/; see there how to refresh it. -->\n";

fn overview() -> String {
    let mut text = format!(
        "# Lists\n\n{MADE}\nEvery list can be had as a file (`reeve export NAME`, or from the \
         dashboard), and asked in SQL under the name `analyst_NAME`.\n\n\
         | list | what it is | for whom |\n|---|---|---|\n"
    );
    for export in registered() {
        let Export { name, about, audience, .. } = export;
        let _ = writeln!(text, "| [`{name}`]({name}.md) | {about} | {} |", audience.described());
    }
    text
}

impl Audience {
    /// The permissions that open a list, as people know them; `actions` holds to it.
    pub const fn described(self) -> &'static str {
        match self {
            Self::Numbers | Self::Members => "View Analytics or View Records",
            Self::Records => "View Records",
            Self::Logs => "View Records or View Audit",
            Self::Giveaways => "Manage Giveaways or View Audit",
            Self::Rewards => "Manage Economy or View Audit",
            Self::Access => "Manage Access or View Audit",
        }
    }
}

fn page(export: &Export) -> String {
    let Export { name, about, audience, columns, .. } = export;
    let mut text = format!(
        "# `{name}`\n\n{MADE}\n{about}\n\nView `analyst_{name}`; file `reeve export {name}`. For \
         people with the permission {}.\n\n",
        audience.described()
    );
    text.push_str("| column | in SQLite | in PostgreSQL | what it is |\n|---|---|---|---|\n");
    text.push_str("| `guild` | INTEGER | bigint | The community; only in views. |\n");
    for column in *columns {
        let (name, about) = (column.name, column.about);
        let (sqlite, postgres) = match column.kind {
            Kind::Sealed(_) => ("only in files", "only in files"),
            kind => (type_name(kind, Dialect::Sqlite), type_name(kind, Dialect::Postgres)),
        };
        let _ = writeln!(text, "| `{name}` | {sqlite} | {postgres} | {about} |");
        if column.kind == Kind::Person {
            let _ = writeln!(
                text,
                "| `{name}_user_id` | only in files | only in files | Their Discord id; empty \
                 once they were erased. |"
            );
        }
    }
    let filters: Vec<_> = columns
        .iter()
        .filter(|column| column.is_filter)
        .map(|column| format!("`{}`", column.name))
        .collect();
    let mut narrow = Vec::new();
    if let Some(when) = export.when() {
        narrow.push(format!("`since` and `until` (of `{}`)", when.name));
    }
    if export.has_members() {
        narrow.push("`member`".to_owned());
    }
    narrow.extend(filters);
    if !narrow.is_empty() {
        let _ = write!(text, "\nFiles can be narrowed by {}.\n", narrow.join(", "));
    }
    let sealed: Vec<_> = columns
        .iter()
        .filter(|column| column.is_sealed())
        .map(|column| format!("`{}`", column.name))
        .collect();
    if !sealed.is_empty() {
        let _ = write!(
            text,
            "\nIn {} stands what somebody wrote. It is opened for people with View Records; it is \
             empty for others, and once its owner was erased.\n",
            sealed.join(", ")
        );
    }
    let shown = |key: &&&str| {
        let made_of_it = |of: &str| of == **key || of.starts_with(&format!("{key} "));
        columns.iter().find(|column| made_of_it(column.of)).map_or("", |column| column.name)
    };
    let order: Vec<_> = export.key.iter().map(|key| format!("`{}`", shown(&key))).collect();
    let _ = write!(text, "\nRows of a file are in the order of {}.\n", order.join(", "));
    text
}
