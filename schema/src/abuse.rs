//! What a question may cost. Depth, breadth and recursion are counted by the library; aliases here,
//! because each asks a field once more.

use std::sync::Arc;

use async_graphql::{
    Pos, Positioned, ServerError, ServerResult, Variables, async_trait,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextParseQuery},
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fields within fields.
    pub depth: usize,
    /// What all fields cost together: one each, and for each line of a list.
    pub complexity: usize,
    /// Nesting of the text itself.
    pub recursion: usize,
    /// Directives of one field.
    pub directives: usize,
    /// Aliases, and fields at the top, each.
    pub aliases: usize,
    /// Questions that are sent together.
    pub batch: usize,
    /// Questions that are remembered by their hash.
    pub persisted: usize,
    /// Whether anybody may ask what there is to ask.
    pub introspection: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 14,
            complexity: 8_000,
            recursion: 24,
            directives: 8,
            aliases: 30,
            batch: 10,
            persisted: 1_000,
            introspection: true,
        }
    }
}

pub struct AliasLimit {
    pub most: usize,
}

impl ExtensionFactory for AliasLimit {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Counting { most: self.most })
    }
}

struct Counting {
    most: usize,
}

#[async_trait::async_trait]
impl Extension for Counting {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        let document = next.run(ctx, query, variables).await?;
        let operations = document.operations.iter().map(|(_, operation)| operation);
        for operation in operations {
            if operation.node.selection_set.node.items.len() > self.most {
                return Err(too_many("fields at the top", self.most));
            }
        }
        let sets = document
            .operations
            .iter()
            .map(|(_, operation)| &operation.node.selection_set)
            .chain(document.fragments.values().map(|fragment| &fragment.node.selection_set));
        if sets.map(aliases).sum::<usize>() > self.most {
            return Err(too_many("aliases", self.most));
        }
        Ok(document)
    }
}

fn too_many(what: &str, most: usize) -> ServerError {
    let mut error = ServerError::new(format!("A question has at most {most} {what}."), None::<Pos>);
    let mut extensions = async_graphql::ErrorExtensionValues::default();
    extensions.set("code", "BAD_INPUT");
    error.extensions = Some(extensions);
    error
}

fn aliases(set: &Positioned<SelectionSet>) -> usize {
    let of = |selection: &Positioned<Selection>| match &selection.node {
        Selection::Field(field) => {
            usize::from(field.node.alias.is_some()) + aliases(&field.node.selection_set)
        }
        Selection::InlineFragment(fragment) => aliases(&fragment.node.selection_set),
        Selection::FragmentSpread(_) => 0,
    };
    set.node.items.iter().map(of).sum()
}
