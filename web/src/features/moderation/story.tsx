/** The story of a case, entry by entry; it can be played again, and any moment of it looked at as it was. */
import { Link } from "@tanstack/react-router";
import { useEffect, useState, type ReactNode } from "react";
import { Failed, useList } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { moment } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import type { Tone } from "../../ui/badge";
import { Button, IconButton } from "../../ui/button";
import { Card } from "../../ui/card";
import { Empty, Skeleton } from "../../ui/notice";
import { Timeline } from "../../ui/timeline";
import { By, CaseLink, statusName, STATUSES } from "./words";

export const STORY = graphql(`
  query CaseStory($guild: Snowflake!, $asOf: Moment, $number: Int!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      moderation {
        case(number: $number) {
          timeline(first: 60, after: $after) {
            edges { node { seq event at what detail other text policy by { person { number userId name avatarUrl } actingFor { number userId name avatarUrl } rule } place { channel message } } }
            pageInfo { hasNextPage endCursor }
          }
        }
      }
    }
  }
`);

export type Entry = NonNullable<NonNullable<ResultOf<typeof STORY>["guild"]>["moderation"]["case"]>["timeline"]["edges"][number]["node"];

const TONES: Record<string, Tone> = { opened: "accent", applied: "bad", failed: "bad", step: "warn", lift_failed: "bad", renewal_failed: "bad", appeal: "accent", decision: "accent", pardoned: "good", undone: "good", expired: "good", lifted: "good", evidence: "info" };
/** Whose name stands nowhere else in the sentence. */
const BY_ITSELF = new Set(["applied", "failed", "lift_failed", "renewal_failed", "expired", "replaced", "lifted", "step"]);

export function wordsOf(entry: Entry): string {
  switch (entry.what) {
    case "opened": return t("opened the case");
    case "applied": return t("Discord did it");
    case "failed": return t("Discord did not do it: {why}", { why: entry.detail ?? "" });
    case "step": return t("This warning reached a step of the ladder: {deed}", { deed: deedName(entry.detail ?? "") });
    case "lifting": return t("had it taken back in Discord");
    case "lift_failed": return t("It could not be taken back in Discord: {why}", { why: entry.detail ?? "" });
    case "renewal_failed": return t("The timeout could not be renewed in Discord: {why}", { why: entry.detail ?? "" });
    case "retimed": return entry.detail == null ? t("made it hold for good") : t("gave it another end: {end}", { end: moment(Number(entry.detail) * 1000) });
    case "expired": return t("Its time was over");
    case "pardoned": return t("pardoned it");
    case "undone": return t("took it back with what the same cause made");
    case "replaced": return t("A newer case took its place");
    case "lifted": return t("Another case ended it");
    case "note": return t("wrote a note for moderators");
    case "reason": return t("wrote another reason");
    case "evidence": return t("added evidence");
    case "hidden": return t("hid the case");
    case "shown": return t("showed the case again");
    case "linked": return t("linked it with another case");
    case "unlinked": return t("took a link away");
    case "status": return t("called it {status}", { status: statusWord(entry.detail ?? "") });
    case "appeal": return t("appealed");
    case "decision": return entry.detail === "accepted" ? t("accepted the appeal") : t("refused the appeal");
    default: return entry.what;
  }
}

function deedName(deed: string): string {
  return deed === "timeout" ? t("a timeout") : deed === "kick" ? t("a kick") : t("a ban");
}

function statusWord(word: string): string {
  const known = STATUSES.find((status) => status === word.toUpperCase());
  return known === undefined ? word : statusName(known);
}

export function Story({ number }: { number: number }) {
  const { id, asOf } = useGuild();
  const list = useList(STORY, { guild: id, asOf, number }, (data) => data.guild?.moderation.case?.timeline, (entry) => entry.seq);
  const entries = [...list.rows].reverse();
  const [upTo, setUpTo] = useState<number>();
  const shown = Math.min(upTo ?? entries.length, entries.length);
  return (
    <Card title={t("What happened")} note={t("oldest first")}>
      {list.trouble !== undefined ? <Failed trouble={list.trouble} again={list.again} /> : list.loading ? <Skeleton lines={6} /> : entries.length === 0 ? <Empty icon="log" title={t("Nothing yet")}>{t("What is said and done about the case appears here a moment after it was.")}</Empty> : (
        <>
          {list.more.any && <p><Button busy={list.more.loading} onClick={list.more.load}>{t("Look further back")}</Button></p>}
          {entries.length > 1 && <Replay shown={shown} all={entries.length} onChange={setUpTo} />}
          <Timeline label={t("What happened")} steps={entries.map((entry, place) => ({ key: entry.seq, at: entry.at, tone: TONES[entry.what] ?? "plain", title: <Title entry={entry} isLater={place >= shown} />, children: <More entry={entry} isLater={place >= shown} /> }))} />
        </>
      )}
    </Card>
  );
}

/** A step every so often while it plays. */
const STEP_MS = 900;

function Replay({ shown, all, onChange }: { shown: number; all: number; onChange: (upTo: number) => void }) {
  const [playing, setPlaying] = useState(false);
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => {
      if (shown >= all) setPlaying(false);
      else onChange(shown + 1);
    }, STEP_MS);
    return () => { clearTimeout(timer); };
  }, [playing, shown, all, onChange]);
  const begin = () => {
    if (!playing && shown >= all) onChange(1);
    setPlaying(!playing);
  };
  return (
    <div className="replay" role="group" aria-label={t("Replay")}>
      <Button icon={playing ? "close" : "history"} onClick={begin}>{playing ? t("Stop") : t("Replay")}</Button>
      <IconButton icon="left" label={t("One step back")} onClick={() => { onChange(Math.max(1, shown - 1)); }} />
      <input type="range" aria-label={t("Step of the story")} min={1} max={all} value={shown} onChange={(event) => { setPlaying(false); onChange(Number(event.target.value)); }} />
      <IconButton icon="right" label={t("One step on")} onClick={() => { onChange(Math.min(all, shown + 1)); }} />
      <span className="small muted num">{shown} / {all}</span>
    </div>
  );
}

function Title({ entry, isLater }: { entry: Entry; isLater: boolean }): ReactNode {
  return (
    <span className={`row ${isLater ? "entry-later" : ""}`}>
      {!BY_ITSELF.has(entry.what) && <By by={entry.by} />}
      <span>{wordsOf(entry)}</span>
      {entry.other != null && <CaseLink number={entry.other} />}
    </span>
  );
}

function More({ entry, isLater }: { entry: Entry; isLater: boolean }) {
  const { id, at, may } = useGuild();
  return (
    <div className={`stack ${isLater ? "entry-later" : ""}`}>
      {entry.text != null && <blockquote className="quote">{entry.text}</blockquote>}
      {entry.place != null && <a className="small" href={`https://discord.com/channels/${id}/${entry.place.channel}/${entry.place.message}`} rel="noreferrer noopener" target="_blank">{t("The message in Discord")}</a>}
      <span className="row small muted">
        {entry.policy != null && <span>{t("decided by version {version} of the settings", { version: entry.policy })}</span>}
        {at === undefined && <Link to="." search={(before) => ({ ...before, at: entry.seq })}>{t("As it was then")}</Link>}
        {may("VIEW_AUDIT") && <Link to="/g/$guild/audit" params={{ guild: id }} search={{ event: entry.event }}>{t("The event")}</Link>}
      </span>
    </div>
  );
}
