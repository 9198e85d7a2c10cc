//! A capability that only tests have: it breaks, it takes long, it asks whether somebody is sure.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use twilight_model::gateway::Intents;

use crate::discord::{
    command::{Answer, Capability, Group, Press, Route, Spec, Verb},
    confirm,
    ctx::Ctx,
    failure::Failure,
    options::{Opt, options},
    reply::Reply,
    text::text,
};

pub const ODD: &[Capability] = &[CAPABILITY, confirm::CAPABILITY];

const CAPABILITY: Capability = Capability {
    name: "odd",
    module: None,
    title: text("Odd", "Seltsam"),
    intents: Intents::empty(),
    groups: &[Group::new(
        text("odd", "odd"),
        text("Odd", "Seltsam"),
        &[
            Route::of::<Boom>(),
            Route::of::<Broken>(),
            Route::of::<Slow>(),
            Route::of::<Sure>(),
            Route::of::<Fine>(),
        ],
    )],
    presses: &[Press::new("sure", |ctx, pressed| {
        Box::pin(confirm::then(ctx, pressed, |_, confirmed| async move {
            DONE.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(Reply::good(format!("did {}", confirmed.payload)))
        }))
    })],
    submits: &[],
};

/// How often something costly was done.
pub static DONE: AtomicU32 = AtomicU32::new(0);

macro_rules! verb {
    ($name:ident, $title:literal, $private:expr, |$ctx:ident| $work:expr) => {
        options! { pub struct $name {} }

        impl Verb for $name {
            const SPEC: Spec = {
                let spec = Spec::new(text($title, $title), text($title, $title));
                if $private { spec.private() } else { spec }
            };

            async fn run(self, $ctx: Ctx) -> Answer {
                $work
            }
        }
    };
}

verb!(Boom, "boom", false, |ctx| {
    let nothing: Option<Reply> = (ctx.user().get() == 0).then(Reply::default);
    Ok(nothing.expect("a mistake of ours"))
});
verb!(Broken, "broken", false, |_ctx| Err(Failure::System("the disk /secret is full".to_owned())));
verb!(Fine, "fine", false, |_ctx| Ok(Reply::good("fine")));
verb!(Sure, "sure", false, |ctx| {
    confirm::ask(&ctx, "odd", "sure", "everything", Reply::new("Really everything?"))
});

options! {
    pub struct Slow {
        secs: u32 = Opt::new(text("secs", "sek"), text("How long", "Wie lange")),
        refuse: Option<bool> = Opt::new(text("refuse", "nein"), text("Say no", "Sag nein")),
    }
}

impl Verb for Slow {
    const SPEC: Spec = Spec::new(text("slow", "slow"), text("Slow", "Langsam"));

    async fn run(self, _: Ctx) -> Answer {
        tokio::time::sleep(Duration::from_secs(u64::from(self.secs))).await;
        if self.refuse == Some(true) {
            return Err(Failure::Refused("no".to_owned()));
        }
        Ok(Reply::good("at last"))
    }
}
