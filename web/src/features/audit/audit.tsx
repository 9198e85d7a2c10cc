/** The audit log: every event as a sentence; one opened shows who, why, what led to it, what followed, and the raw data. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useDeferredValue, useEffect, useMemo, useState } from "react";
import { Failed, useList } from "../../api/ask";
import { t } from "../../i18n";
import { brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { SearchInput } from "../../ui/field";
import { Banner, Empty, Skeleton } from "../../ui/notice";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { Table } from "../../ui/table";
import { Actor } from "../members/person";
import { EventDrawer } from "./event";
import { eventPage, EVENTS, toneOf } from "./events";
import { readSearch } from "./search";
import "./audit.css";

/** A search begins when typing pauses. */
const PAUSE_MS = 250;

export function Audit() {
  const { q = "", event } = useSearch({ from: "/signed-in/g/$guild/audit" });
  const navigate = useNavigate({ from: "/g/$guild/audit" });
  const [typed, setTyped] = useState(q);
  useEffect(() => {
    if (typed === q) return;
    const timer = setTimeout(() => { void navigate({ search: (before) => ({ ...before, q: typed === "" ? undefined : typed }) as typeof before, replace: true }); }, PAUSE_MS);
    return () => { clearTimeout(timer); };
  }, [typed, q, navigate]);
  const open = (id: string | undefined) => { void navigate({ search: (before) => ({ ...before, event: id }) as typeof before }); };
  return (
    <Page title={t("Audit log")} about={t("Everything that ever happened here, in order. Nothing in it can be changed or taken out.")}>
      <Card flush title={t("Events")} actions={<SearchInput label={t("Search events")} placeholder="type:economy. since:2026-11-01 …" value={typed} onChange={(change) => { setTyped(change.target.value); }} />}>
        <Found q={useDeferredValue(q)} open={open} opened={event} add={(qualifier) => { setTyped(`${typed} ${qualifier}`.trim()); }} />
      </Card>
      {event !== undefined && <EventDrawer id={event} go={open} />}
    </Page>
  );
}

const SUGGESTIONS = ["type:economy.", "type:economy_settings.", "type:module_settings.", "type:refusals.", "type:moderation.", "type:giveaway."];

function Found({ q, open, opened, add }: { q: string; open: (id: string) => void; opened: string | undefined; add: (qualifier: string) => void }) {
  const { id, asOf } = useGuild();
  const search = useMemo(() => readSearch(q), [q]);
  const list = useList(EVENTS, { guild: id, asOf, filter: search.filter, first: 60 }, eventPage, (event) => event.id);
  const { rows } = list;
  const hints = (
    <div className="audit-hints row small">
      {SUGGESTIONS.map((one) => <button key={one} type="button" className="chip" onClick={() => { add(one); }}>{one}</button>)}
      <span className="muted">{t("also by:member-id, process:name, since:, until:, request:id, and words of the sentence")}</span>
    </div>
  );
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  return (
    <>
      {q === "" && hints}
      {search.problems.length > 0 && <div className="audit-hints"><Banner tone="warn">{t("Not understood: {words}. Use type:, by:, process:, request:, since: or until:.", { words: search.problems.join(", ") })}</Banner></div>}
      {list.loading ? <Skeleton lines={9} /> : rows.length === 0 ? (
        <Empty icon="log" title={q === "" ? t("Nothing happened yet") : t("Nothing found so far")} action={list.more.any && <Button busy={list.more.loading} onClick={list.more.load}>{t("Look further back")}</Button>}>
          {q === "" ? t("Every action of the bot appears here, and stays.") : t("What was looked through holds nothing of it; there may be more before.")}
        </Empty>
      ) : (
        <>
        <ExportBar count={rows.length} onSave={() => { save("events.csv", csv(["seq", "at", "type", "by", "by_id", "what", "id"], rows.map((row) => [row.seq, row.at, row.type, row.actor.person?.name ?? row.actor.process ?? row.actor.kind, row.actor.person?.userId, row.sentence, row.id]))); }} />
        <Table
          label={t("Events")}
          rows={rows}
          rowKey={(event) => event.id}
          onOpen={(event) => { open(event.id); }}
          isOpen={(event) => event.id === opened}
          more={list.more}
          columns={[
            { name: t("When"), width: 136, cell: (event) => <time className="muted" dateTime={event.at} title={moment(event.at)}>{brief(event.at)}</time> },
            { name: t("What"), cell: (event) => <button type="button" className="row-button cut" onClick={(click) => { click.stopPropagation(); open(event.id); }}>{event.sentence}</button> },
            { name: t("Type"), width: 230, from: "wide", cell: (event) => <Badge tone={toneOf(event.type)}>{event.type}</Badge> },
            { name: t("By"), width: 170, from: "medium", cell: (event) => <Actor actor={event.actor} /> },
            { name: "#", width: 92, align: "end", from: "medium", cell: (event) => <span className="muted num">{number(event.seq)}</span> },
          ]}
        />
        </>
      )}
    </>
  );
}
