/**
 * History, to drag through: how busy it was, one event after the other, what stood at that moment
 * with what the event changed marked, and two pinned moments compared.
 */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useClient } from "urql";
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Button, IconButton } from "../../ui/button";
import { Card } from "../../ui/card";
import { Empty, Skeleton } from "../../ui/notice";
import { EventBody, EventDrawer } from "./event";
import { EVENT } from "./events";
import { Compare, STATE, StateThen, then } from "./state";
import { bars, stepDays, timeAt, type Stretch } from "./strip";
import "./audit.css";

const TIMELINE = graphql(`
  query Timeline($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) { eventCount timeline(stretches: 160) { first last from to } }
  }
`);

/** One step is shown at once; while somebody drags, only where they rest is asked for. */
const REST_MS = 80;

export function Scrubber() {
  const { id, asOf } = useGuild();
  const asked = useAsk(TIMELINE, { guild: id, asOf });
  return (
    <Page title={t("History")} about={t("Go to any moment: what happened, why, and what stood then.")}>
      <Answered asked={asked} waiting={<Card><Skeleton tall /></Card>}>{(data) => {
        const stretches = data.guild?.timeline ?? [];
        if (stretches.length === 0) return <Card><Empty icon="history" title={t("There is no history yet")}>{t("It begins with the first action of the bot in this community.")}</Empty></Card>;
        return <Scrub stretches={stretches} head={Number(data.guild?.eventCount ?? 1)} />;
      }}</Answered>
    </Page>
  );
}

function Scrub({ stretches, head }: { stretches: Stretch[]; head: number }) {
  const { id } = useGuild();
  const search = useSearch({ from: "/signed-in/g/$guild/history" });
  const navigate = useNavigate({ from: "/g/$guild/history" });
  const kept = Math.min(Math.max(Number(search.seq ?? head) || head, 1), head);
  const [seq, setSeq] = useState(kept);
  const [opened, setOpened] = useState<string>();
  const [shownFor, setShownFor] = useState(kept);
  // The address leads when it was changed from elsewhere, and follows while somebody drags.
  if (shownFor !== kept) { setShownFor(kept); setSeq(kept); }
  const put = (change: { seq?: string; a?: string | undefined; b?: string | undefined }) => { void navigate({ search: (before) => ({ ...before, ...change }) as typeof before, replace: true, resetScroll: false }); };
  const moved = useRef(-REST_MS);
  useEffect(() => {
    if (seq === kept) return;
    const now = performance.now();
    const rest = now - moved.current < REST_MS ? REST_MS : 0;
    moved.current = now;
    const timer = setTimeout(() => { void navigate({ search: (before) => ({ ...before, seq: String(seq) }), replace: true, resetScroll: false }); }, rest);
    return () => { clearTimeout(timer); };
  }, [seq, kept, navigate]);
  const asked = useAsk(EVENT, { guild: id, seq: String(kept) }, { keep: true });
  useNextSteps(kept, head, asked.data?.guild?.event?.seq === String(kept));
  const pins = [search.a, search.b].map((pin) => (pin !== undefined && /^\d{1,12}$/.test(pin) && Number(pin) >= 1 && Number(pin) <= head ? Number(pin) : undefined));
  const [a, b] = pins;

  return (
    <>
      <Card
        title={t("Event #{seq} of {head}", { seq: number(seq), head: number(head) })}
        note={moment(timeAt(stretches, seq) ?? 0)}
        actions={
          <>
            <IconButton icon="left" label={t("One event back")} onClick={() => { setSeq(Math.max(1, seq - 1)); }} />
            <IconButton icon="right" label={t("One event on")} onClick={() => { setSeq(Math.min(head, seq + 1)); }} />
            <Button onClick={() => { setSeq(stepDays(stretches, seq, -1)); }}>{t("− 1 day")}</Button>
            <Button onClick={() => { setSeq(stepDays(stretches, seq, 1)); }}>{t("+ 1 day")}</Button>
            <Button aria-pressed={a === kept} onClick={() => { put({ a: a === kept ? undefined : String(kept) }); }}>{t("Pin A")}</Button>
            <Button aria-pressed={b === kept} onClick={() => { put({ b: b === kept ? undefined : String(kept) }); }}>{t("Pin B")}</Button>
          </>
        }
      >
        <Strip stretches={stretches} head={head} seq={seq} pins={pins} onChange={setSeq} />
      </Card>
      {a !== undefined && b !== undefined && a !== b && <Compare a={Math.min(a, b)} b={Math.max(a, b)} onClear={() => { put({ a: undefined, b: undefined }); }} />}
      <div className="two">
        <Card title={asked.data?.guild?.event?.sentence ?? t("The event")}>
          <Answered asked={asked}>{(data) => data.guild?.event == null ? <Empty icon="search" title={t("There is no such event")} /> : <div className="stack" data-seq={data.guild.event.seq}><EventBody event={data.guild.event} go={setOpened} /></div>}</Answered>
        </Card>
        <Card title={t("What stood then")} actions={<Link className="small" to="/g/$guild/overview" params={{ guild: id }} search={{ at: String(kept) }}>{t("All pages as of then")}</Link>}>
          <StateThen seq={kept} />
        </Card>
      </div>
      {opened !== undefined && <EventDrawer id={opened} go={setOpened} />}
    </>
  );
}

/** While somebody looks at an event, the ones beside it are asked for. */
function useNextSteps(seq: number, head: number, isThere: boolean) {
  const { id } = useGuild();
  const client = useClient();
  useEffect(() => {
    if (!isThere) return;
    const once = { requestPolicy: "cache-first" as const };
    for (const next of [seq - 1, seq + 1].filter((next) => next >= 1 && next <= head)) {
      void client.query(EVENT, { guild: id, seq: String(next) }, once).toPromise();
      void client.query(STATE, then(id, next), once).toPromise();
    }
  }, [id, client, seq, head, isThere]);
}

function Strip({ stretches, head, seq, pins, onChange }: { stretches: Stretch[]; head: number; seq: number; pins: (number | undefined)[]; onChange: (seq: number) => void }) {
  const drawn = useMemo(() => bars(stretches), [stretches]);
  const place = (at: number) => head <= 1 ? 500 : ((at - 1) / (head - 1)) * 1000;
  function onKey(event: KeyboardEvent) {
    if (!event.shiftKey || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
    event.preventDefault();
    onChange(stepDays(stretches, seq, event.key === "ArrowLeft" ? -1 : 1));
  }
  return (
    <>
      <div className="strip">
        <svg viewBox="0 0 1000 84" preserveAspectRatio="none" aria-hidden="true" focusable="false">
          {drawn.map((bar) => <rect key={bar.first} className={`strip-bar ${bar.last <= seq ? "strip-done" : ""}`} x={bar.x * 1000} width={Math.max(1, bar.width * 1000 - 1)} y={82 - bar.height * 78} height={bar.height * 78} rx="1.5" />)}
          {pins.map((pin, index) => pin !== undefined && <line key={index} className="strip-pin" x1={place(pin)} x2={place(pin)} y1="0" y2="84" />)}
          <line className="strip-head" x1={place(seq)} x2={place(seq)} y1="0" y2="84" />
        </svg>
        <input type="range" min={1} max={head} step={1} value={seq} aria-label={t("Moment of history")} aria-valuetext={t("event #{seq}, {time}", { seq: number(seq), time: moment(timeAt(stretches, seq) ?? 0) })} onChange={(event) => { onChange(Number(event.target.value)); }} onKeyDown={onKey} />
      </div>
      <div className="strip-ends small muted">
        <span>{moment(stretches[0]?.from ?? 0)}</span>
        <span>{t("← → one event, Shift one day")}</span>
        <span>{moment(stretches.at(-1)?.to ?? 0)}</span>
      </div>
    </>
  );
}
