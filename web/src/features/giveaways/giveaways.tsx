/** The manager: which giveaways run, and which are over. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Failed, useList } from "../../api/ask";
import { t } from "../../i18n";
import { ago, brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { Empty, Skeleton } from "../../ui/notice";
import { Segments } from "../../ui/segments";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { CreateDialog } from "./create";
import { GIVEAWAYS } from "./queries";
import { OVER, RUNNING, StateBadge } from "./words";
import "./giveaways.css";

const VIEWS = { running: RUNNING, over: OVER, all: [] } as const;
type View = keyof typeof VIEWS;

export function readView(view: string | undefined): View {
  return view === "over" || view === "all" ? view : "running";
}

export function Giveaways() {
  const search = useSearch({ from: "/signed-in/g/$guild/giveaways" });
  const navigate = useNavigate({ from: "/g/$guild/giveaways" });
  const { may, refused } = useGuild();
  const [creating, setCreating] = useState(false);
  const view = readView(search.view);
  const show = (value: View) => { void navigate({ search: (before) => ({ ...before, view: value === "running" ? undefined : value }) as typeof before, replace: true }); };
  return (
    <Page
      title={t("Giveaways")}
      about={t("Prizes drawn among members who enter, in a way that anybody can check.")}
      actions={may("MANAGE_GIVEAWAYS") && <Button look="main" icon="gift" refused={refused("MANAGE_GIVEAWAYS")} onClick={() => { setCreating(true); }}>{t("New giveaway")}</Button>}
    >
      <Card flush title={t("All of them")} actions={<Segments label={t("Which")} value={view} choices={[{ value: "running", label: t("Running") }, { value: "over", label: t("Over") }, { value: "all", label: t("All") }]} onChange={show} />}>
        <Lines key={view} view={view} create={may("MANAGE_GIVEAWAYS") && refused("MANAGE_GIVEAWAYS") === undefined ? () => { setCreating(true); } : undefined} />
      </Card>
      {creating && <CreateDialog onClose={() => { setCreating(false); }} onDone={(id) => { setCreating(false); void navigate({ to: "/g/$guild/giveaways/$giveaway", params: (before) => ({ guild: before.guild, giveaway: id }) }); }} />}
    </Page>
  );
}

function Lines({ view, create }: { view: View; create: (() => void) | undefined }) {
  const { id, at, asOf, may } = useGuild();
  const navigate = useNavigate();
  const kept = at === undefined ? {} : { at };
  const states = VIEWS[view];
  const list = useList(GIVEAWAYS, { guild: id, asOf, states: [...states] }, (data) => data.guild?.giveaways.list, (row) => row.id);
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={6} />;
  if (list.rows.length === 0) {
    return (
      <Empty icon="gift" title={view === "running" ? t("No giveaway runs") : t("No giveaways yet")} action={create !== undefined && <Button look="main" onClick={create}>{t("New giveaway")}</Button>}>
        {t("They appear here with their entries and their draw. /giveaway create in Discord makes one too.")}
      </Empty>
    );
  }
  return (
    <>
      <ExportBar count={list.rows.length} onSave={() => { save("giveaways.csv", csv(["id", "prize", "state", "winners", "entries", "made_at", "ends_at"], list.rows.map((row) => [row.id, row.prize, row.state.toLowerCase(), row.winnerCount, row.entries, row.madeAt, row.endsAt]))); }}>{may("MANAGE_GIVEAWAYS", "VIEW_AUDIT") && <Whole list="giveaways" narrow={{ status: states.map((state) => state.toLowerCase()) }} />}</ExportBar>
      <Table
        label={t("Giveaways")}
        rows={list.rows}
        rowKey={(row) => row.id}
        more={list.more}
        onOpen={(row) => { void navigate({ to: "/g/$guild/giveaways/$giveaway", params: { guild: id, giveaway: row.id }, search: kept }); }}
        columns={[
          { name: t("Prize"), cell: (row) => <Link className="plain-link" to="/g/$guild/giveaways/$giveaway" params={{ guild: id, giveaway: row.id }} search={kept} onClick={(event) => { event.stopPropagation(); }}><strong><bdi>{row.prize}</bdi></strong></Link> },
          { name: t("State"), width: 116, cell: (row) => <StateBadge state={row.state} /> },
          { name: t("Ends"), width: 170, from: "medium", cell: (row) => <time className="muted" dateTime={row.endsAt} title={moment(row.endsAt)}>{row.state === "OPEN" ? ago(row.endsAt) : brief(row.endsAt)}</time> },
          { name: t("Winners"), width: 90, align: "end", from: "wide", cell: (row) => number(row.winnerCount) },
          { name: t("Entries"), width: 80, align: "end", cell: (row) => <strong className="num">{number(row.entries)}</strong> },
        ]}
      />
    </>
  );
}
