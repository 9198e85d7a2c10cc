//! Pictures beside answers, painted apart from the threads that answer. A picture says nothing that
//! the text does not say too: where it cannot be painted in time, the answer goes without it.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use pictures::{Painter, Picture};
use tokio::sync::Semaphore;

/// Pictures that are painted at once; each takes a processor for some tens of milliseconds.
const AT_ONCE: usize = 2;
/// An answer waits so long for its turn.
const PATIENCE: Duration = Duration::from_millis(1_500);

#[derive(Debug)]
pub struct Studio {
    /// Its fonts are read when the first picture is painted.
    painter: Arc<OnceLock<Painter>>,
    at_once: Arc<Semaphore>,
}

impl Default for Studio {
    fn default() -> Self {
        Self { painter: Arc::default(), at_once: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Studio {
    /// The picture as a PNG; none where it could not be painted, or too many wait.
    pub async fn paint(&self, picture: impl Picture + Send + 'static) -> Option<Vec<u8>> {
        let turn = Arc::clone(&self.at_once).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn).await.ok()?.ok()?;
        let painter = Arc::clone(&self.painter);
        let painted = tokio::task::spawn_blocking(move || {
            let painted = painter.get_or_init(Painter::default).paint(&picture);
            drop(turn);
            painted
        });
        match painted.await {
            Ok(Ok(painted)) => Some(painted.to_vec()),
            Ok(Err(error)) => {
                tracing::warn!(%error, "an answer goes without its picture");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "painting a picture broke off");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Picture for Broken {
        fn svg(&self) -> String {
            "<svg".to_owned()
        }
    }

    #[tokio::test]
    async fn given_what_cannot_be_painted_or_no_turn_then_there_is_no_picture() {
        let studio = Studio::default();
        assert_eq!(studio.paint(Broken).await, None);
        let card = || pictures::Rank { name: "Maren".to_owned(), ..pictures::Rank::default() };
        let painted = studio.paint(card()).await.unwrap();
        assert!(painted.starts_with(b"\x89PNG"));
        studio.at_once.close();
        assert_eq!(studio.paint(card()).await, None);
    }
}
