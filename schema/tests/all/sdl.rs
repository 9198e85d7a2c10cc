//! The schema that clients are written against lies in the tree, and is what this build serves.

use std::path::Path;

#[test]
fn given_the_schema_in_the_tree_then_it_is_what_is_served() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    let served = schema::sdl();
    if std::env::var_os("REEVE_TEST_UPDATE").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == served,
        "schema/schema.graphql is stale; refresh it with \
         REEVE_TEST_UPDATE=1 cargo nextest run -p schema sdl"
    );
}
