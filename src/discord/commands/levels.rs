//! `/rank`, `/levels top` and `/xp`: experience, and what staff does to it.

mod outlook;

use std::{fmt::Display, time::Duration};

use actions::{
    Permission,
    levels::{Changed, LevelLine, MODULE, Period, Rank},
};
use domain::{
    UserId,
    levels::{Change, MAX_REASON_CHARS, MAX_XP},
};
use twilight_model::{channel::message::component::ButtonStyle, gateway::Intents};

use crate::discord::{
    command::{Answer, Capability, Group, Press, Route, Spec, Verb},
    confirm::{bind, bound},
    ctx::{Ctx, Pressed},
    failure::Failure,
    options::{Choice, Opt, options},
    reply::{Button, Reply},
    text::{Text, number, text},
};

pub use outlook::question as asked_before;

pub const CAPABILITY: Capability = Capability {
    name: "levels",
    module: Some(&MODULE),
    title: text("Levels", "Level"),
    // Who writes and who is in voice; not what they say.
    intents: Intents::GUILD_MESSAGES.union(Intents::GUILD_VOICE_STATES),
    groups: &[
        Group::verb(&[Route::of::<RankOf>()]),
        Group::new(
            text("levels", "level"),
            text("Levels of this community", "Die Level dieser Community"),
            &[Route::of::<Top>()],
        ),
        Group::new(
            text("xp", "xp"),
            text("Change members' experience", "Die Erfahrung von Mitgliedern ändern"),
            &[Route::of::<Give>(), Route::of::<Set>(), Route::of::<Reset>()],
        ),
    ],
    presses: &[Press::new("top", |ctx, pressed| Box::pin(turn(ctx, pressed)))],
    submits: &[],
};

/// As Discord is told.
const REASON_CHARS: i64 = 300;
const _: () = assert!(REASON_CHARS.unsigned_abs() == MAX_REASON_CHARS as u64, "one limit");
/// What staff gives or takes at once.
const MOST: i64 = 1_000_000_000;
const _: () = assert!(MOST.unsigned_abs() <= MAX_XP, "nobody can have more");

const RANK: Text = text(
    "{who} has level **{level}** and **{xp} XP**: place {place} of {of}. {into} of {step} to the \
     next level.",
    "{who} hat Level **{level}** und **{xp} XP**: Platz {place} von {of}. {into} von {step} bis \
     zum nächsten Level.",
);
const STANDING: Text =
    text("Rank #{place} of {of} · Level {level}", "Platz {place} von {of} · Level {level}");
const PROGRESS: Text = text("{into} / {step} XP", "{into} / {step} XP");
const IN_ALL: Text = text("{xp} XP in all", "{xp} XP insgesamt");
const NAMELESS: Text = text("A member", "Ein Mitglied");
const NOTHING: Text = text(
    "{who} has no XP yet. Writing and being together in voice earns it.",
    "{who} hat noch keine XP. Schreiben und gemeinsames Sprechen bringt welche.",
);
const BOT: Text = text("Bots have no levels.", "Bots haben keine Level.");
const EMPTY: Text = text("Nobody has earned anything yet.", "Noch hat niemand etwas verdient.");
const LINE: Text = text("{place}. {who} · {xp} XP", "{place}. {who} · {xp} XP");
const LEVEL_LINE: Text =
    text("{place}. {who} · level {level} · {xp} XP", "{place}. {who} · Level {level} · {xp} XP");
const ERASED: Text = text("an erased member", "ein gelöschtes Mitglied");
const LEVEL: Text = text("Level {level}", "Level {level}");
const AMOUNT: Text = text("{xp} XP", "{xp} XP");
const PLACES: Text = text("Places {first} to {last}", "Plätze {first} bis {last}");
const NEXT: Text = text("Next", "Weiter");
const BACK: Text = text("Back", "Zurück");
const ALL_TIME: Text = text("Levels", "Level");
const OF_DAY: Text = text("XP of today", "XP von heute");
const OF_WEEK: Text = text("XP of this week", "XP dieser Woche");
const OF_MONTH: Text = text("XP of this month", "XP dieses Monats");
const CHANGED: Text = text(
    "{who} has **{xp} XP** now, level **{level}**.",
    "{who} hat jetzt **{xp} XP**, Level **{level}**.",
);

options! {
    pub struct RankOf {
        user: Option<UserId> = Opt::new(
            text("user", "mitglied"),
            text("Whose; your own otherwise", "Wessen; sonst dein eigener"),
        ),
    }
}

impl Verb for RankOf {
    const SPEC: Spec = Spec::new(
        text("rank", "rang"),
        text("Level and place of a member", "Level und Platz eines Mitglieds"),
    )
    .every(Duration::from_secs(2))
    .examples(&["/rank", "/rank user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let who = self.user.unwrap_or(ctx.user());
        no_bot(&ctx, who)?;
        let rank = ctx.actions().level_rank(ctx.guild(), &ctx.caller, who).await?;
        if rank.xp == 0 {
            return Ok(Reply::new(ctx.fill(NOTHING, &[("who", &mention(who))])));
        }
        let card = card(&ctx, who, &rank);
        let shows = format!("{} · {}", card.standing, card.progress);
        let painted = ctx.edge.studio.paint(card).await;
        Ok(Reply::new(described(&ctx, who, &rank)).picture("rank.png", painted, shows))
    }
}

fn card(ctx: &Ctx, who: UserId, rank: &Rank) -> pictures::Rank {
    let count = |n| count(ctx, n);
    let standing: &[(&str, &dyn Display)] = &[
        ("place", &count(rank.place.unwrap_or(rank.of))),
        ("of", &count(rank.of)),
        ("level", &rank.level),
    ];
    let progress: &[(&str, &dyn Display)] =
        &[("into", &count(rank.into)), ("step", &count(rank.step))];
    #[expect(clippy::cast_precision_loss, reason = "a pixel is far coarser")]
    let share = rank.into as f32 / rank.step.max(1) as f32;
    pictures::Rank {
        name: ctx.asked.name_of(who).to_owned(),
        nameless: ctx.say(NAMELESS),
        standing: ctx.fill(STANDING, standing),
        progress: ctx.fill(PROGRESS, progress),
        share,
        note: ctx.fill(IN_ALL, &[("xp", &count(rank.xp))]),
    }
}

fn described(ctx: &Ctx, who: UserId, rank: &Rank) -> String {
    let count = |n| count(ctx, n);
    ctx.fill(
        RANK,
        &[
            ("who", &mention(who)),
            ("level", &rank.level),
            ("xp", &count(rank.xp)),
            ("place", &count(rank.place.unwrap_or(rank.of))),
            ("of", &count(rank.of)),
            ("into", &count(rank.into)),
            ("step", &count(rank.step)),
        ],
    )
}

const PERIODS: &[Choice] = &[
    Choice { value: "day", title: text("today", "heute") },
    Choice { value: "week", title: text("this week", "diese Woche") },
    Choice { value: "month", title: text("this month", "dieser Monat") },
];

options! {
    pub struct Top {
        period: Option<String> = Opt::new(
            text("period", "zeitraum"),
            text("Of which time; all of it otherwise", "Welche Zeit; sonst die ganze"),
        )
        .choices(PERIODS),
    }
}

impl Verb for Top {
    const SPEC: Spec =
        Spec::new(text("top", "liste"), text("Who has earned most", "Wer am meisten verdient hat"))
            .every(Duration::from_secs(2))
            .examples(&["/levels top", "/levels top period:week"]);

    async fn run(self, ctx: Ctx) -> Answer {
        page(&ctx, self.period.as_deref().unwrap_or("all"), 0).await
    }
}

/// Another page; the button carries which.
async fn turn(ctx: Ctx, pressed: Pressed) -> Answer {
    let rest = match bound(&ctx, &pressed.payload) {
        Ok(rest) => rest,
        Err(reply) => return Ok(*reply),
    };
    let (period, number) = rest.split_once('.').unwrap_or((rest, "0"));
    Ok(page(&ctx, period, number.parse().unwrap_or(0)).await?.replacing())
}

async fn page(ctx: &Ctx, word: &str, page: u32) -> Answer {
    let (period, title) = match word {
        "day" => (Some(Period::Day), OF_DAY),
        "week" => (Some(Period::Week), OF_WEEK),
        "month" => (Some(Period::Month), OF_MONTH),
        _ => (None, ALL_TIME),
    };
    let board = ctx.actions().level_board(ctx.guild(), &ctx.caller, period, page).await?;
    let lines: Vec<_> = board.lines.iter().map(|line| shown(ctx, line)).collect();
    let body = if lines.is_empty() { ctx.say(EMPTY) } else { lines.join("\n") };
    let mut reply = Reply::new(body).title(ctx.say(title));
    if let Some(picture) = picture(ctx, title, &board.lines).await? {
        let line =
            |line: &pictures::BoardLine| format!("{}. {}: {}", line.place, line.name, line.amount);
        let shows = picture.lines.iter().map(line).collect::<Vec<_>>().join(", ");
        let painted = ctx.edge.studio.paint(picture).await;
        reply = reply.picture("levels.png", painted, shows);
    }
    if page > 0 {
        reply = reply.button(button(ctx, BACK, word, page - 1)?);
    }
    if board.more {
        reply = reply.button(button(ctx, NEXT, word, page + 1)?);
    }
    Ok(reply)
}

/// None where it would show no names: nobody's is known without a copy of the members.
async fn picture(
    ctx: &Ctx,
    title: Text,
    lines: &[LevelLine],
) -> Result<Option<pictures::Board>, Failure> {
    let persons: Vec<_> = lines.iter().map(|line| line.person).collect();
    let mut called = ctx.actions().called(ctx.guild(), &persons).await?;
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(None) };
    if called.is_empty() {
        return Ok(None);
    }
    let row = |line: &LevelLine| {
        #[expect(clippy::cast_precision_loss, reason = "a pixel is far coarser")]
        let share = line.xp as f32 / first.xp.max(1) as f32;
        let level = |level: u32| ctx.fill(LEVEL, &[("level", &level)]);
        pictures::BoardLine {
            place: line.place,
            name: called.remove(&line.person).unwrap_or_default(),
            standing: line.level.map_or_else(String::new, level),
            amount: ctx.fill(AMOUNT, &[("xp", &count(ctx, line.xp))]),
            share,
        }
    };
    Ok(Some(pictures::Board {
        title: ctx.say(title),
        note: ctx.fill(PLACES, &[("first", &first.place), ("last", &last.place)]),
        nameless: ctx.say(NAMELESS),
        lines: lines.iter().map(row).collect(),
    }))
}

fn shown(ctx: &Ctx, line: &LevelLine) -> String {
    let who = line.user.map_or_else(|| ctx.say(ERASED), mention);
    let xp = count(ctx, line.xp);
    let place: (&str, &dyn Display) = ("place", &line.place);
    match line.level {
        Some(level) => {
            ctx.fill(LEVEL_LINE, &[place, ("who", &who), ("xp", &xp), ("level", &level)])
        }
        None => ctx.fill(LINE, &[place, ("who", &who), ("xp", &xp)]),
    }
}

fn button(ctx: &Ctx, label: Text, word: &str, page: u32) -> Result<Button, Failure> {
    let payload = bind(ctx, &format!("{word}.{page}"));
    let custom_id = ctx.edge.signer.seal(ctx.guild(), "levels", "top", &payload)?;
    Ok(Button { label: ctx.say(label), custom_id, style: ButtonStyle::Secondary, disabled: false })
}

fn count(ctx: &Ctx, count: u64) -> String {
    number(ctx.lang(), i64::try_from(count).unwrap_or(i64::MAX))
}

options! {
    pub struct Give {
        user: UserId = Opt::new(text("user", "mitglied"), text("Whose", "Wessen")),
        amount: i64 = Opt::new(
            text("amount", "betrag"),
            text("How much; less than 0 takes", "Wie viel; weniger als 0 nimmt"),
        )
        .between(-MOST, MOST),
        reason: Option<String> = Opt::new(text("reason", "grund"), text("Why", "Warum"))
            .between(1, REASON_CHARS),
    }
}

impl Verb for Give {
    const SPEC: Spec = Spec::new(
        text("give", "geben"),
        text("Give a member XP, or take some", "Gib einem Mitglied XP, oder nimm welche"),
    )
    .needs(Permission::ManageSettings)
    .examples(&["/xp give user:@Tobi amount:500 reason:won the quiz"]);

    async fn run(self, ctx: Ctx) -> Answer {
        change(&ctx, self.user, Change::Give(self.amount), self.reason.as_deref()).await
    }
}

options! {
    pub struct Set {
        user: UserId = Opt::new(text("user", "mitglied"), text("Whose", "Wessen")),
        amount: i64 = Opt::new(
            text("amount", "betrag"),
            text("How much they have then", "Wie viel es dann hat"),
        )
        .between(0, MOST),
        reason: Option<String> = Opt::new(text("reason", "grund"), text("Why", "Warum"))
            .between(1, REASON_CHARS),
    }
}

impl Verb for Set {
    const SPEC: Spec = Spec::new(
        text("set", "setzen"),
        text("Say how much XP a member has", "Lege fest, wie viel XP ein Mitglied hat"),
    )
    .needs(Permission::ManageSettings)
    .examples(&["/xp set user:@Tobi amount:1000"]);

    async fn run(self, ctx: Ctx) -> Answer {
        let to = Change::Set(self.amount.unsigned_abs());
        change(&ctx, self.user, to, self.reason.as_deref()).await
    }
}

options! {
    pub struct Reset {
        user: UserId = Opt::new(text("user", "mitglied"), text("Whose", "Wessen")),
        reason: Option<String> = Opt::new(text("reason", "grund"), text("Why", "Warum"))
            .between(1, REASON_CHARS),
    }
}

impl Verb for Reset {
    const SPEC: Spec = Spec::new(
        text("reset", "zurücksetzen"),
        text("Take all XP of a member", "Nimm einem Mitglied alle XP"),
    )
    .needs(Permission::ManageSettings)
    .examples(&["/xp reset user:@Tobi"]);

    async fn run(self, ctx: Ctx) -> Answer {
        change(&ctx, self.user, Change::Reset, self.reason.as_deref()).await
    }
}

async fn change(ctx: &Ctx, user: UserId, change: Change, reason: Option<&str>) -> Answer {
    no_bot(ctx, user)?;
    let (guild, key) = (ctx.guild(), ctx.key()?);
    let changed = ctx.actions().change_xp(guild, &ctx.caller, user, change, reason, &key).await?;
    let Changed { xp, level, .. } = changed;
    let (who, xp) = (mention(user), count(ctx, xp));
    Ok(Reply::good(ctx.fill(CHANGED, &[("who", &who), ("xp", &xp), ("level", &level)])))
}

fn no_bot(ctx: &Ctx, user: UserId) -> Result<(), Failure> {
    if ctx.asked.told_of(user).is_some_and(|named| named.is_bot) {
        return Err(Failure::refused(BOT, ctx.lang()));
    }
    Ok(())
}

/// Discord shows it as the member's name; it pings nobody.
fn mention(user: UserId) -> String {
    format!("<@{user}>")
}
