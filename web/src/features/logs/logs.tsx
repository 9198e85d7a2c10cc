/** What was logged of a community: by topic, member and channel, newest first. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Failed, useAsk, useList } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { Differences } from "../../ui/difference";
import { ExportBar } from "../../ui/export";
import { Select } from "../../ui/field";
import { Empty, Skeleton } from "../../ui/notice";
import { Timeline } from "../../ui/timeline";
import { channelName } from "../activity/names";
import { Whole } from "../exports/whole";
import { MemberFilter } from "../members/member-filter";
import { Person, personName } from "../members/person";
import { kindName, kindTone, TOPICS } from "./words";

const PLACES = graphql(`
  query LogPlaces($guild: Snowflake!) { guild(id: $guild) { channels(gone: true) { id name kind gone } } }
`);
const LOGS = graphql(`
  query Logs($guild: Snowflake!, $asOf: Moment, $filter: LogFilter, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      logs(filter: $filter, first: 50, after: $after) {
        edges { node {
          seq at kind channel from messages subject
          person { number userId name avatarUrl } by { number userId name avatarUrl }
          changes { field was is } names { was is }
          before { text files } after { text files } purged { text files author { number userId name avatarUrl } }
        } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

type Entry = NonNullable<ResultOf<typeof LOGS>["guild"]>["logs"]["edges"][number]["node"];
type Channels = NonNullable<ResultOf<typeof PLACES>["guild"]>["channels"];
type Filter = { topic?: string | undefined; user?: string | undefined; channel?: string | undefined };

export function Logs() {
  const { id } = useGuild();
  const { topic, user, channel }: Filter = useSearch({ from: "/signed-in/g/$guild/logs" });
  const navigate = useNavigate({ from: "/g/$guild/logs" });
  const change = (to: Filter) => { void navigate({ search: (before) => ({ ...before, ...to }) as typeof before, replace: true }); };
  const channels = useAsk(PLACES, { guild: id }).data?.guild?.channels ?? [];
  return (
    <Page title={t("Logs")} about={t("What happened in Discord, as far as this community has it logged. What messages said is kept as long as the settings say.")}>
      <Card
        title={t("Entries")}
        actions={
          <>
            <MemberFilter key={user ?? ""} user={user} onChange={(value) => { change({ user: value }); }} />
            <Select aria-label={t("What")} value={topic ?? ""} onChange={(event) => { change({ topic: event.target.value === "" ? undefined : event.target.value }); }}>
              <option value="">{t("Everything")}</option>
              {Object.entries(TOPICS).map(([word, { title }]) => <option key={word} value={word}>{title()}</option>)}
            </Select>
            <Select aria-label={t("Channel")} value={channel ?? ""} onChange={(event) => { change({ channel: event.target.value === "" ? undefined : event.target.value }); }}>
              <option value="">{t("All channels")}</option>
              {channels.map((one) => <option key={one.id} value={one.id}>{channelName(one.id, channels)}</option>)}
            </Select>
          </>
        }
      >
        <Entries filter={{ topic, user, channel }} channels={channels} />
      </Card>
    </Page>
  );
}

function Entries({ filter: { topic, user, channel }, channels }: { filter: Filter; channels: Channels }) {
  const { id, asOf } = useGuild();
  const kinds = topic === undefined ? undefined : TOPICS[topic]?.kinds;
  const filter = { ...(user === undefined ? {} : { user }), ...(channel === undefined ? {} : { channel }), ...(kinds === undefined ? {} : { kinds: [...kinds] }) };
  const list = useList(LOGS, { guild: id, asOf, filter }, (data) => data.guild?.logs, (row) => row.seq);
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={8} />;
  if (list.rows.length === 0) {
    const filtered = Object.keys(filter).length > 0;
    return <Empty icon="log" title={filtered ? t("No such entries") : t("Nothing is logged yet")}>{filtered ? t("Nothing matches. Take a filter away.") : t("Switch the module “logs” on, and choose what is logged and where with /logs set.")}</Empty>;
  }
  return (
    <div className="stack">
      <ExportBar count={list.rows.length} onSave={() => { save("logs.csv", csv(HEAD, list.rows.map((row) => lineOf(row, channels)))); }}><Whole list="logs" narrow={{ member: user, channel, kind: kinds?.map((kind) => kind.toLowerCase()) }} /></ExportBar>
      <Timeline label={t("Entries")} steps={list.rows.map((row) => ({ key: row.seq, at: row.at, tone: kindTone(row.kind), title: <Title entry={row} channels={channels} />, children: <More entry={row} /> }))} />
      {list.more.any && <div><Button busy={list.more.loading} onClick={list.more.load}>{t("Show more")}</Button></div>}
    </div>
  );
}

const HEAD = ["seq", "at", "kind", "member_id", "member", "by_id", "by", "channel", "subject", "was", "is"];

function lineOf(row: Entry, channels: Channels): (string | null | undefined)[] {
  const was = row.before?.text ?? row.names?.was ?? row.changes.map(({ field, was }) => `${field}: ${was ?? ""}`).join("; ");
  const is = row.after?.text ?? row.names?.is ?? row.changes.map((one) => `${one.field}: ${one.is ?? ""}`).join("; ");
  return [row.seq, row.at, row.kind, row.person?.userId, row.person?.name, row.by?.userId, row.by?.name, row.channel == null ? null : channelName(row.channel, channels), row.subject, was, is];
}

function Title({ entry, channels }: { entry: Entry; channels: Channels }) {
  return (
    <span className="row">
      <Badge tone={kindTone(entry.kind)}>{kindName(entry.kind)}</Badge>
      {entry.person != null && <Person person={entry.person} />}
      {entry.messages > 1 && <span>{t("{count, plural, one {# message} other {# messages}}", { count: entry.messages })}</span>}
      {entry.subject != null && <code className="breaks">{entry.kind === "COMMAND_USED" ? `/${entry.subject}` : entry.subject}</code>}
      {entry.from != null && <span className="muted">{t("from {channel}", { channel: channelName(entry.from, channels) })}</span>}
      {entry.channel != null && <span className="muted">{t("in {channel}", { channel: channelName(entry.channel, channels) })}</span>}
      {entry.by != null && entry.by.number !== entry.person?.number && <><span className="muted">{t("by")}</span><Person person={entry.by} /></>}
    </span>
  );
}

function More({ entry }: { entry: Entry }) {
  const rows = entry.changes.map(({ field, was, is }) => ({ name: field, was: was ?? "", is: is ?? "" }));
  if (entry.names != null) rows.push({ name: t("Name"), was: entry.names.was ?? "", is: entry.names.is ?? "" });
  if (entry.before != null && entry.after != null) rows.push({ name: t("Text"), was: entry.before.text, is: entry.after.text });
  const deleted = entry.before != null && entry.after == null ? [{ ...entry.before, author: null }] : entry.purged;
  return (
    <>
      {rows.length > 0 && <Differences rows={rows} />}
      {deleted.map((one, place) => (
        <blockquote key={place} className="breaks">
          {one.author != null && <strong><bdi>{personName(one.author)}</bdi>: </strong>}
          {one.text === "" ? <span className="muted">{t("no words")}</span> : one.text}
          {one.files.length > 0 && <span className="muted"> · {t("Files: {names}", { names: one.files.join(", ") })}</span>}
        </blockquote>
      ))}
      {entry.kind === "MESSAGE_DELETED" && entry.before == null && <p className="small muted">{t("What it said is not kept.")}</p>}
    </>
  );
}
