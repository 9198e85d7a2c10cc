//! Which whole lists somebody may have as files; the files themselves come over HTTP
//! (`/api/v1/guilds/<guild>/exports/<name>`).

use actions::exports::{TEXTS, heads, permissions};
use async_graphql::{Object, SimpleObject};
use projections::exports::{self, Export};

use crate::{scope::Scope, trouble::Answer};

#[derive(Debug)]
pub struct OnGuild(pub Scope);

#[Object(name = "ExportsOnGuild")]
impl OnGuild {
    /// Whole lists that you may have as files: CSV, JSON lines or Parquet.
    #[graphql(complexity = "30 + child_complexity")]
    async fn exports(&self) -> Answer<Vec<ExportLine>> {
        let texts = self.0.may(TEXTS).await?;
        let mut lines = Vec::new();
        for export in exports::registered() {
            if self.0.may(permissions(export.audience)).await? {
                lines.push(ExportLine::of(export, texts));
            }
        }
        Ok(lines)
    }
}

#[derive(SimpleObject)]
pub struct ExportLine {
    pub name: &'static str,
    pub about: &'static str,
    /// Of the file, in their order.
    pub columns: Vec<String>,
    /// The column that `since` and `until` narrow; none where there is none.
    pub when: Option<&'static str>,
    /// Whether it can be narrowed to a member.
    pub of_members: bool,
    /// Columns that it can be narrowed by.
    pub filters: Vec<&'static str>,
    /// Whether it has texts that people wrote, which are left empty for you.
    pub without_texts: bool,
}

impl ExportLine {
    fn of(export: &'static Export, texts: bool) -> Self {
        let filters = export.columns.iter().filter(|column| column.is_filter);
        Self {
            name: export.name,
            about: export.about,
            columns: heads(export).into_iter().map(|head| head.name).collect(),
            when: export.when().map(|column| column.name),
            of_members: export.has_members(),
            filters: filters.map(|column| column.name).collect(),
            without_texts: !texts && export.columns.iter().any(exports::Column::is_sealed),
        }
    }
}
