//! Rate limits as Discord keeps them, and who ran into them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::Route;

/// Requests of a bot in one second.
const GLOBAL: u32 = 50;
const SECOND: Duration = Duration::from_secs(1);
/// What arrives so soon after a no was on its way before anybody heard it.
const UNDER_WAY: Duration = Duration::from_millis(100);

/// Calls that came although there was no room for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overruns {
    pub all: u64,
    /// Right after another one of the same limit.
    pub twice_in_a_row: u64,
}

#[derive(Debug)]
pub(super) struct Limits {
    per_window: u32,
    window: Duration,
    routes: HashMap<Route, Window>,
    global: Window,
    pub overruns: Overruns,
}

#[derive(Debug)]
struct Window {
    ends: Instant,
    used: u32,
    closed_until: Option<Instant>,
    /// When the last answer said that there is no room, if it did.
    said_no: Option<Instant>,
}

pub(super) struct Told {
    pub limit: u32,
    pub remaining: u32,
    pub reset_after: Duration,
}

pub(super) struct Met {
    pub after: Duration,
    pub global: bool,
}

impl Window {
    fn new(now: Instant) -> Self {
        Self { ends: now, used: 0, closed_until: None, said_no: None }
    }

    /// How long there is no room.
    fn take(&mut self, most: u32, length: Duration, now: Instant) -> Result<(), Duration> {
        if let Some(until) = self.closed_until.filter(|until| *until > now) {
            return Err(until - now);
        }
        self.closed_until = None;
        if self.ends <= now {
            self.ends = now + length;
            self.used = 0;
        }
        if self.used >= most {
            return Err(self.ends - now);
        }
        self.used += 1;
        Ok(())
    }
}

impl Limits {
    pub fn new(per_window: u32, window: Duration) -> Self {
        let global = Window::new(Instant::now());
        let overruns = Overruns::default();
        Self { per_window, window, routes: HashMap::new(), global, overruns }
    }

    pub fn take(&mut self, route: &Route, now: Instant) -> Result<Told, Met> {
        if let Err(after) = self.global.take(GLOBAL, SECOND, now) {
            note(&mut self.overruns, &mut self.global, now);
            return Err(Met { after, global: true });
        }
        self.global.said_no = None;
        let window = self.routes.entry(route.clone()).or_insert_with(|| Window::new(now));
        if let Err(after) = window.take(self.per_window, self.window, now) {
            note(&mut self.overruns, window, now);
            return Err(Met { after, global: false });
        }
        window.said_no = None;
        let remaining = self.per_window - window.used;
        Ok(Told { limit: self.per_window, remaining, reset_after: window.ends - now })
    }

    /// Says no on purpose: the next call before it is over is an overrun, and the second in a row.
    pub fn close(&mut self, route: &Route, global: bool, until: Instant) {
        let window = if global {
            &mut self.global
        } else {
            self.routes.entry(route.clone()).or_insert_with(|| Window::new(Instant::now()))
        };
        window.closed_until = Some(window.closed_until.map_or(until, |at| at.max(until)));
        window.said_no = Some(Instant::now());
    }
}

fn note(overruns: &mut Overruns, window: &mut Window, now: Instant) {
    match window.said_no {
        Some(at) if now.duration_since(at) < UNDER_WAY => return,
        Some(_) => overruns.twice_in_a_row += 1,
        None => window.said_no = Some(now),
    }
    overruns.all += 1;
}
