/** One event, whole: what it says, who is answerable, its chain of causes, its raw data, and whether it is still what was written. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Badge } from "../../ui/badge";
import { Facts } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Json } from "../../ui/json";
import { Empty } from "../../ui/notice";
import { Timeline, type Step } from "../../ui/timeline";
import { Actor } from "../members/person";
import { EVENT, toneOf, type EventWhole } from "./events";
import "./audit.css";

export function EventDrawer({ id, go }: { id: string; go: (id: string | undefined) => void }) {
  const { id: guild } = useGuild();
  const asked = useAsk(EVENT, { guild, id });
  const event = asked.data?.guild?.event;
  return (
    <Dialog kind="drawer" title={event?.sentence ?? t("An event")} onClose={() => { go(undefined); }}>
      <Answered asked={asked}>{(data) => data.guild?.event == null ? <Empty icon="search" title={t("There is no such event")} /> : <EventBody event={data.guild.event} go={go} />}</Answered>
    </Dialog>
  );
}

export function EventBody({ event, go }: { event: EventWhole; go: (id: string) => void }) {
  const { id: guild } = useGuild();
  const chain: Step[] = [...[...event.causes].reverse(), { id: event.id, at: event.at, type: event.type, sentence: event.sentence }, ...event.consequences].map((one) => ({
    key: one.id,
    at: one.at,
    tone: toneOf(one.type),
    title: one.id === event.id ? <strong>{one.sentence}</strong> : <button type="button" className="row-button" onClick={() => { go(one.id); }}>{one.sentence}</button>,
  }));
  return (
    <>
      <div className="row">
        <Badge tone={toneOf(event.type)}>{event.type}</Badge>
        {event.sound ? <Badge tone="good">{t("unaltered")}</Badge> : <Badge tone="bad">{t("ALTERED: its hash does not fit")}</Badge>}
      </div>
      <Facts
        rows={[
          [t("When"), moment(event.at)],
          [t("By"), <Actor key="actor" actor={event.actor} />],
          [t("Place"), <span key="place">#{number(event.seq)} · <Link to="/g/$guild/overview" params={{ guild }} search={{ at: event.seq }}>{t("look at everything as of then")}</Link></span>],
          [t("Stream"), `${event.stream}, ${number(event.version)}`],
          ...(event.policy == null ? [] : [[t("Settings"), t("version {version}", { version: event.policy })] as [string, string]]),
          ...(event.throughKey == null ? [] : [[t("With API key"), <code key="key" className="breaks">{event.throughKey}</code>] as [string, ReactNode]]),
          [t("Request"), <Link key="request" to="/g/$guild/audit" params={{ guild }} search={{ q: `request:${event.correlation}` }}><code>{event.correlation}</code></Link>],
          [t("Hash"), <code key="hash">{event.hash}</code>],
        ]}
      />
      {chain.length > 1 && <div><h3 className="event-heading">{t("What led to it, and what followed")}</h3><Timeline label={t("Chain of causes")} steps={chain} /></div>}
      <Json raw={JSON.stringify(event.payload)} label={t("Raw data, version {version}", { version: event.typeVersion })} />
    </>
  );
}
