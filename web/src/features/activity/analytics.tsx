/** The explorer: any number of the community over time, whole or split, beside the time before, and what stands behind it. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Answered, Failed, useAsk } from "../../api/ask";
import type { ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { compact, inZone, number, percent, share } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card, Figure, Figures } from "../../ui/card";
import { Chart } from "../../ui/chart";
import { Field, Select } from "../../ui/field";
import { Skeleton } from "../../ui/notice";
import { Segments } from "../../ui/segments";
import type { Mark } from "../../ui/plot";
import { growth } from "../overview/growth";
import { bandsOf } from "./gaps";
import { Heatmap } from "./heatmap";
import { ALL_METRICS, goodWhen, METRICS, metricName, splitName, type Every } from "./metrics";
import { Movers } from "./movers";
import { channelName, distinct, nameOf, type Channels } from "./names";
import { CHANGES, CHANNELS, PRESENCE, SERIES } from "./queries";
import { fits, RANGES, readAsked, STEPS, type Asked, type Search } from "./range";
import { Cohorts } from "./cohorts";
import { Uses } from "./uses";
import "./activity.css";

export function Analytics() {
  const search = useSearch({ from: "/signed-in/g/$guild/analytics" });
  const navigate = useNavigate({ from: "/g/$guild/analytics" });
  const asked = useMemo(() => readAsked(search), [search]);
  const change = (to: Search) => { void navigate({ search: (before) => ({ ...before, ...to }) as typeof before, replace: true }); };
  const { id } = useGuild();
  const channels = useAsk(CHANNELS, { guild: id }).data?.guild?.channels ?? NONE;
  return (
    <Page
      title={t("Analytics")}
      about={t("Numbers of this community, counted from its events.")}
      actions={
        <>
          <Segments label={t("Range")} value={"days" in asked.asked ? String(asked.asked.days) : ""} choices={RANGES.map((days) => ({ value: days, label: t("{days} d", { days }) }))} onChange={(days) => { change({ days, since: undefined, until: undefined }); }} />
          <Button aria-pressed={asked.compare} onClick={() => { change({ cmp: asked.compare ? undefined : "1" }); }}>{t("Compare")}</Button>
        </>
      }
    >
      <Card title={t("What to look at")}><Controls asked={asked} channels={channels} change={change} /></Card>
      <Explored asked={asked} channels={channels} />
      <Presence asked={asked} />
      <Movers range={asked.asked} channels={channels} />
      <Cohorts />
      <Uses range={asked.asked} />
    </Page>
  );
}

const NONE: Channels = [];

function stepName(every: Every): string {
  switch (every) {
    case "HOUR": return t("Hours");
    case "DAY": return t("Days");
    case "WEEK": return t("Weeks");
    case "MONTH": return t("Months");
  }
}

function Controls({ asked, channels, change }: { asked: Asked; channels: Channels; change: (to: Search) => void }) {
  const { splits } = METRICS[asked.metric];
  const range = "since" in asked.asked ? asked.asked : { since: "", until: "" };
  const day = (name: "since" | "until") => (event: { target: { value: string } }) => { change({ ...range, [name]: event.target.value, days: undefined }); };
  return (
    <div className="explorer-controls">
      <Field label={t("Number")}>{(wiring) => (
        <Select {...wiring} value={asked.metric} onChange={(event) => { change({ metric: event.target.value.toLowerCase(), split: undefined }); }}>
          {ALL_METRICS.map((one) => <option key={one} value={one}>{metricName(one)}</option>)}
        </Select>
      )}</Field>
      <Field label={t("Split")}>{(wiring) => (
        <Select {...wiring} value={asked.split ?? ""} disabled={splits.length === 0} onChange={(event) => { change({ split: event.target.value === "" ? undefined : event.target.value.toLowerCase() }); }}>
          <option value="">{splits.length === 0 ? t("cannot be split") : t("all together")}</option>
          {splits.map((one) => <option key={one} value={one}>{splitName(one)}</option>)}
        </Select>
      )}</Field>
      <Field label={t("Steps")}>{(wiring) => (
        <Select {...wiring} value={asked.every} onChange={(event) => { change({ every: event.target.value.toLowerCase() }); }}>
          {STEPS.filter((one) => fits(one, asked.days)).map((one) => <option key={one} value={one}>{stepName(one)}</option>)}
        </Select>
      )}</Field>
      {splits.includes("CHANNEL") && (
        <Field label={t("Only in")}>{(wiring) => (
          <Select {...wiring} value={asked.channel ?? ""} onChange={(event) => { change({ channel: event.target.value === "" ? undefined : event.target.value, user: undefined }); }}>
            <option value="">{t("all channels")}</option>
            {asked.channel !== null && !channels.some((one) => one.id === asked.channel) && <option value={asked.channel}>{channelName(asked.channel, channels)}</option>}
            {channels.map((one) => <option key={one.id} value={one.id}>{channelName(one.id, channels)}</option>)}
          </Select>
        )}</Field>
      )}
      <Field label={t("From")}>{(wiring) => <input {...wiring} className="input" type="date" value={range.since} onChange={day("since")} />}</Field>
      <Field label={t("To")}>{(wiring) => <input {...wiring} className="input" type="date" value={range.until} onChange={day("until")} />}</Field>
    </div>
  );
}

type Told = NonNullable<ResultOf<typeof SERIES>["guild"]>["activity"];

function Explored({ asked, channels }: { asked: Asked; channels: Channels }) {
  const { id, asOf } = useGuild();
  const filter = asked.channel !== null ? { channel: asked.channel } : asked.user !== null ? { user: asked.user } : null;
  const told = useAsk(SERIES, { guild: id, asOf, metric: asked.metric, every: asked.every, split: asked.split, filter, range: asked.asked }, { keep: true });
  if (told.trouble !== undefined) return <Card><Failed trouble={told.trouble} again={told.again} /></Card>;
  const activity = told.data?.guild?.activity;
  if (activity === undefined) return <Card><Skeleton tall /></Card>;
  return <Explore asked={asked} channels={channels} told={activity} />;
}

function Explore({ asked, channels, told }: { asked: Asked; channels: Channels; told: Told }) {
  const { id, at, may } = useGuild();
  const navigate = useNavigate();
  const changes = useMarks(told.series.starts[0], told.series.until);
  const odd = told.anomalies.slice(-MOST_NOTES).reverse();
  const marks = useMemo(() => [...changes.marks, ...told.anomalies.slice(-MOST_NOTES).map((one) => ({ time: Date.parse(one.from) / 1000, tone: "bad" as const, text: oddly(one) }))], [changes.marks, told.anomalies]);
  const { notes } = changes;
  const drawn = useMemo(() => lines(asked, told, channels), [asked, told, channels]);
  const bands = useMemo(() => bandsOf(told.gaps), [told.gaps]);
  const open = (index: number) => {
    const since = told.series.starts[index];
    const until = told.series.starts[index + 1] ?? told.series.until;
    if (since === undefined) return;
    const types = METRICS[asked.metric].events;
    void navigate({ to: "/g/$guild/audit", params: { guild: id }, search: { ...(at === undefined ? {} : { at }), q: `type:${types} since:${plain(since)} until:${plain(until)}` } });
  };
  return (
    <Chart
      title={metricName(asked.metric)}
      note={<Change now={told.series.sum} before={told.series.sumBefore} asked={asked} />}
      {...drawn}
      marks={marks}
      bands={bands}
      zone={told.timeZone}
      called={(time) => inZone(time * 1000, told.timeZone, asked.every)}
      onPick={may("VIEW_AUDIT") ? open : undefined}
      file={`${asked.metric.toLowerCase()}-${asked.every.toLowerCase()}`}
    >
      <p className="explorer-foot small muted">
        {t("Days and hours of {zone}.", { zone: told.timeZone })} {may("VIEW_AUDIT") && t("A point opens its events.")}
      </p>
      {odd.length > 0 && (
        <ul className="explorer-notes" aria-label={t("What stands out")}>
          {odd.map((one) => {
            const words = <><span className="dot tone-bad" aria-hidden="true" />{inZone(Date.parse(one.from), told.timeZone, "HOUR")} · {oddly(one)}</>;
            const search = { ...(at === undefined ? {} : { at }), q: `type:activity. since:${plain(one.from)} until:${plain(one.until)}` };
            return <li key={one.what + one.from}>{may("VIEW_AUDIT") ? <Link className="explorer-note small" to="/g/$guild/audit" params={{ guild: id }} search={search}>{words}</Link> : <span className="explorer-note small">{words}</span>}</li>;
          })}
        </ul>
      )}
      {notes.length > 0 && (
        <ul className="explorer-notes" aria-label={t("What was changed")}>
          {notes.map((note) => (
            <li key={note.event}><Link className="explorer-note small" to="/g/$guild/audit" params={{ guild: id }} search={{ ...(at === undefined ? {} : { at }), event: note.event }}><span className="dot tone-warn" aria-hidden="true" />{inZone(note.at, told.timeZone, "HOUR")} · {note.text}</Link></li>
          ))}
        </ul>
      )}
    </Chart>
  );
}

type Odd = Told["anomalies"][number];

function oddly({ what, from, until, count, usual }: Odd): string {
  const hours = Math.max(1, Math.round((Date.parse(until) - Date.parse(from)) / 3_600_000));
  return what === "JOINS"
    ? t("{count} joins in {hours, plural, one {# hour} other {# hours}}; {usual} are usual then", { count: number(count), hours, usual: number(usual) })
    : t("{count} messages in {hours, plural, one {# hour} other {# hours}}; {usual} are usual then", { count: number(count), hours, usual: number(usual) });
}

/** As the search of the audit log reads it: whole seconds. */
function plain(at: string): string {
  return at.replace(/\.\d+Z$/, "Z");
}

function lines(asked: Asked, told: Told, channels: Channels) {
  const { series } = told;
  const times = series.starts.map((start) => Date.parse(start) / 1000);
  const numbers = (values: readonly string[]) => times.map((_, index) => values[index] === undefined ? null : Number(values[index]));
  const before = asked.compare ? [{ name: t("the {days} days before", { days: asked.days }), values: numbers(series.before), faint: true }] : [];
  if (asked.split === null) return { times, series: [{ name: metricName(asked.metric), values: numbers(series.values) }, ...before] };
  const names = distinct(series.lines.map((line) => nameOf(line.of, channels)));
  const split = series.lines.map((line, index) => ({ name: names[index] ?? "", values: numbers(line.values) }));
  return { times, series: [...split, ...before] };
}

function Change({ now, before, asked }: { now: string; before: string; asked: Asked }) {
  const change = growth(now, before);
  const good = goodWhen(asked.metric);
  const tone = change === null || change === 0 || good === undefined ? "muted" : (change > 0) === (good === "more") ? "good" : "bad";
  return (
    <>
      {number(now)}
      {change !== null && <span className={tone}> {t("{change} to the {days} days before", { change: percent(change), days: asked.days })}</span>}
    </>
  );
}

/** Changes of settings within the time of a chart. */
function useMarks(from: string | undefined, until: string): { marks: Mark[]; notes: { event: string; at: string; text: string }[] } {
  const { id, asOf, may } = useGuild();
  const asked = useAsk(CHANGES, { guild: id, asOf }, { pause: !may("VIEW_AUDIT", "MANAGE_SETTINGS") });
  return useMemo(() => {
    const all = (asked.data?.guild?.settings ?? []).flatMap((one) => one.versions.edges.map(({ node }) => ({ event: node.event, at: node.at, text: t("Settings of {title} changed", { title: one.title }) })));
    const within = all.filter((note) => from !== undefined && note.at >= from && note.at < until).sort((a, b) => b.at.localeCompare(a.at));
    const unique = [...new Map(within.map((note) => [note.event, note])).values()].slice(0, MOST_NOTES);
    return { marks: unique.map((note) => ({ time: Date.parse(note.at) / 1000, tone: "warn" as const, text: note.text })), notes: unique };
  }, [asked.data, from, until]);
}

const MOST_NOTES = 6;

function Presence({ asked }: { asked: Asked }) {
  const { id, asOf } = useGuild();
  const told = useAsk(PRESENCE, { guild: id, asOf, range: asked.asked }, { keep: true });
  return (
    <Answered asked={told} waiting={<Card><Skeleton tall /></Card>}>{(data) => data.guild != null && (
      <>
        <Figures>
          <Figure name={t("Active today")} value={compact(data.guild.activity.active.daily)} note={t("members who did anything")} />
          <Figure name={t("Active in 7 days")} value={compact(data.guild.activity.active.weekly)} note={t("each counted once")} />
          <Figure name={t("Active in 30 days")} value={compact(data.guild.activity.active.monthly)} note={t("each counted once")} />
          <Figure name={t("Stickiness")} value={share(data.guild.activity.active.stickiness)} note={t("of 30 days were there today")} />
        </Figures>
        <Heatmap week={data.guild.activity.week} />
      </>
    )}</Answered>
  );
}

