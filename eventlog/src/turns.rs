//! Work that comes at the same moment, done at once. Whoever comes while others' work is done waits;
//! then the first of those who wait does the work of all, with one sync of the disk.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::oneshot::{self, error::TryRecvError};

use crate::log::LogError;

#[derive(Debug)]
pub struct Turns<J, A> {
    waiting: Mutex<VecDeque<Waiting<J, A>>>,
    turn: tokio::sync::Mutex<()>,
    /// Jobs that are done together weigh this, or a little more.
    most: usize,
}

#[derive(Debug)]
struct Waiting<J, A> {
    job: Arc<J>,
    weight: usize,
    tell: oneshot::Sender<A>,
}

impl<J, A> Turns<J, A> {
    pub fn new(most: usize) -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default(), most }
    }

    /// What became of this job. `work` does several, and answers each in their order; where that
    /// fails or is given up, each of them is done alone, for an answer of its own.
    pub async fn take<E, F>(
        &self,
        (job, weight): (J, usize),
        work: impl Fn(Vec<Arc<J>>) -> F,
    ) -> Result<A, E>
    where
        F: Future<Output = Result<Vec<A>, E>>,
        E: From<NoAnswer>,
    {
        let job = Arc::new(job);
        let (tell, mut told) = oneshot::channel();
        self.waiting.lock().push_back(Waiting { job: Arc::clone(&job), weight, tell });
        let _turn = self.turn.lock().await;
        loop {
            match told.try_recv() {
                Ok(answer) => return Ok(answer),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Closed) => {
                    let answers = work(vec![job]).await?;
                    return answers.into_iter().next().ok_or_else(|| NoAnswer.into());
                }
            }
            let some = self.some();
            match work(some.iter().map(|one| Arc::clone(&one.job)).collect()).await {
                Ok(answers) => {
                    for (one, answer) in some.into_iter().zip(answers) {
                        // What nobody waits for any more is done all the same.
                        let _ = one.tell.send(answer);
                    }
                }
                Err(error) => {
                    if let [one] = &*some
                        && Arc::ptr_eq(&one.job, &job)
                    {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn some(&self) -> Vec<Waiting<J, A>> {
        let (mut waiting, mut weight, mut some) = (self.waiting.lock(), 0, Vec::new());
        while weight < self.most
            && let Some(one) = waiting.pop_front()
        {
            weight += one.weight;
            some.push(one);
        }
        some
    }
}

/// Fewer answers than jobs.
#[derive(Clone, Copy, Debug)]
pub struct NoAnswer;

impl From<NoAnswer> for LogError {
    fn from(_: NoAnswer) -> Self {
        Self::Unavailable("what was done for several has no answer for one of them".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Failed;

    impl From<NoAnswer> for Failed {
        fn from(_: NoAnswer) -> Self {
            Self
        }
    }

    /// Doubles each; one that is odd fails, and whoever it is done with.
    async fn double(jobs: Vec<Arc<u32>>, batches: &Mutex<Vec<usize>>) -> Result<Vec<u32>, Failed> {
        batches.lock().push(jobs.len());
        tokio::task::yield_now().await;
        let odd = jobs.iter().any(|job| **job % 2 == 1);
        if odd { Err(Failed) } else { Ok(jobs.iter().map(|job| **job * 2).collect()) }
    }

    #[tokio::test]
    async fn given_jobs_that_come_meanwhile_then_they_are_done_at_once_and_each_has_its_answer() {
        let (turns, batches) = (Turns::new(5), Mutex::default());
        let jobs = (0..16).map(|job| turns.take((job * 2, 1), |jobs| double(jobs, &batches)));
        let answers = futures::future::join_all(jobs).await;
        let expected: Vec<_> = (0..16).map(|job| Ok(job * 4)).collect();
        assert_eq!(answers, expected);
        assert_eq!(*batches.lock(), [1, 5, 5, 5], "no more at once than is allowed");
    }

    #[tokio::test]
    async fn given_one_that_fails_then_the_others_are_done_without_it() {
        let (turns, batches) = (Turns::new(100), Mutex::default());
        let jobs = [2, 4, 5, 6].map(|job| turns.take((job, 1), |jobs| double(jobs, &batches)));
        let answers = futures::future::join_all(jobs).await;
        assert_eq!(answers, [Ok(4), Ok(8), Err(Failed), Ok(12)]);
        assert_eq!(*batches.lock(), [1, 3, 1, 1, 1]);
    }

    #[tokio::test]
    async fn given_whoever_works_goes_away_then_those_who_waited_are_served_all_the_same() {
        let (turns, batches) = (Turns::new(100), Mutex::default());
        let mut first = Box::pin(turns.take((2, 1), |jobs| double(jobs, &batches)));
        let mut second = Box::pin(turns.take((4, 1), |jobs| double(jobs, &batches)));
        let turn = turns.turn.lock().await;
        assert!(futures::poll!(&mut first).is_pending());
        assert!(futures::poll!(&mut second).is_pending());
        drop(turn);
        // It has taken both jobs and is in the middle of them.
        assert!(futures::poll!(&mut first).is_pending());
        drop(first);
        assert_eq!(second.await, Ok(8));
        assert_eq!(*batches.lock(), [2, 1]);
    }
}
