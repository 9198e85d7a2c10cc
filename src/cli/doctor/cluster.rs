//! The checks of EventStoreDB.

use super::Finding;
use crate::config::Config;

#[cfg(feature = "eventstoredb")]
pub(super) async fn checks(config: &Config) -> Vec<Finding> {
    use eventlog::{
        eventstoredb::{Grade, Namespace, examine},
        postgres,
    };
    let examined = async {
        let secret = |url: &Option<crate::config::Secret>| {
            url.as_ref().map_or(String::new(), |url| url.expose().to_owned())
        };
        let namespace = Namespace::new(&config.eventstore.namespace)?;
        let pool = postgres::pool(&secret(&config.database.url), 2)?;
        examine(&secret(&config.eventstore.url), namespace, &pool).await
    };
    match examined.await {
        Err(error) => vec![Finding::problem("eventstoredb", error.to_string())],
        Ok(found) => found
            .into_iter()
            .map(|found| match found.grade {
                Grade::Ok => Finding::ok(found.check, found.text),
                Grade::Warning => Finding::warning(found.check, found.text),
                Grade::Problem => Finding::problem(found.check, found.text),
            })
            .collect(),
    }
}

#[cfg(not(feature = "eventstoredb"))]
pub(super) async fn checks(_: &Config) -> Vec<Finding> {
    let text = "this build of reeve has no eventstoredb; build it with that feature";
    vec![Finding::problem("eventstoredb", text)]
}
