/** Every case of a community: filters stand in the address, a new case appears by itself. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState, type SubmitEvent } from "react";
import { Failed, useAsk, useList } from "../../api/ask";
import { graphql, type VariablesOf } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { SearchInput, Select } from "../../ui/field";
import { Empty, Skeleton } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { Person, personName, type PersonLine } from "../members/person";
import { appealName, By, byName, CASE_LINE, CaseLink, Kind, kindName, KINDS, Standing, STATUSES, statusName } from "./words";
import "./moderation.css";

const CASES = graphql(`
  query Cases($guild: Snowflake!, $asOf: Moment, $filter: CaseFilter, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      moderation { cases(filter: $filter, first: 50, after: $after) { edges { node { ...CaseLine } } pageInfo { hasNextPage endCursor } } }
    }
  }
`, [CASE_LINE]);
const COUNTS = graphql(`
  query CaseCounts($guild: Snowflake!, $asOf: Moment, $filter: CaseFilter) {
    guild(id: $guild, asOf: $asOf) { moderation { caseCounts(filter: $filter) { kind all active } } }
  }
`);

type Filter = NonNullable<VariablesOf<typeof CASES>["filter"]>;
type Name = "user" | "moderator" | "kind" | "status" | "since" | "active" | "hidden" | "appeals";
export type CaseSearch = Partial<Record<Name, string | undefined>>;

const isId = (text: string | undefined): text is string => text !== undefined && /^\d{15,20}$/.test(text);
const isDay = (text: string | undefined): text is string => text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));

/** What the address says, as the server reads it; what it cannot read is as if nothing was said. */
export function readFilter(search: CaseSearch): Filter {
  const kind = KINDS.find((one) => one === search.kind?.toUpperCase());
  const status = STATUSES.find((one) => one === search.status?.toUpperCase());
  return {
    ...(isId(search.user) ? { user: search.user } : {}),
    ...(isId(search.moderator) ? { moderator: search.moderator } : {}),
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status }),
    ...(isDay(search.since) ? { since: `${search.since}T00:00:00Z` } : {}),
    ...(search.active === "1" ? { active: true } : {}),
    ...(search.hidden === "1" ? { hidden: true } : {}),
    ...(search.appeals === "1" ? { appealOpen: true } : {}),
  };
}

export function Cases() {
  const search = useSearch({ from: "/signed-in/g/$guild/cases" });
  const filter = readFilter(search);
  return (
    <Page title={t("Cases")} about={t("Everything that moderators and rules did, each with its number. Nothing is ever taken out.")} actions={<GoTo />}>
      <Card flush title={t("Cases")}>
        <Filters search={search} />
        <Counts filter={filter} />
        <Found filter={filter} />
      </Card>
    </Page>
  );
}

/** A case by its number. */
function GoTo() {
  const { id, at } = useGuild();
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (typed !== "") void navigate({ to: "/g/$guild/cases/$number", params: { guild: id, number: typed }, search: at === undefined ? {} : { at } });
  }
  return (
    <form className="row" onSubmit={submit}>
      <SearchInput label={t("Case number")} placeholder={t("Case number")} inputMode="numeric" value={typed} onChange={(event) => { setTyped(event.target.value.replace(/\D/g, "").slice(0, 9)); }} />
      {typed !== "" && <Button type="submit" look="main">{t("Open")}</Button>}
    </form>
  );
}

function Filters({ search }: { search: CaseSearch }) {
  const navigate = useNavigate({ from: "/g/$guild/cases" });
  const change = (to: CaseSearch) => { void navigate({ search: (before) => ({ ...before, ...to }) as typeof before, replace: true }); };
  const chosen = (value: string) => (value === "" ? undefined : value);
  const check = (name: "active" | "hidden" | "appeals", label: string) => (
    <label className="check"><input type="checkbox" checked={search[name] === "1"} onChange={(event) => { change({ [name]: event.target.checked ? "1" : undefined }); }} />{label}</label>
  );
  return (
    <div className="case-filters row">
      <IdFilter key={`user ${search.user ?? ""}`} label={t("About: Discord id")} id={search.user} onChange={(user) => { change({ user }); }} />
      <IdFilter key={`moderator ${search.moderator ?? ""}`} label={t("By: Discord id")} id={search.moderator} onChange={(moderator) => { change({ moderator }); }} />
      <Select aria-label={t("Kind")} value={search.kind ?? ""} onChange={(event) => { change({ kind: chosen(event.target.value) }); }}>
        <option value="">{t("All kinds")}</option>
        {KINDS.map((one) => <option key={one} value={one.toLowerCase()}>{kindName(one)}</option>)}
      </Select>
      <Select aria-label={t("Status")} value={search.status ?? ""} onChange={(event) => { change({ status: chosen(event.target.value) }); }}>
        <option value="">{t("Any status")}</option>
        {STATUSES.map((one) => <option key={one} value={one.toLowerCase()}>{statusName(one)}</option>)}
      </Select>
      <input className="input case-since" type="date" aria-label={t("Since")} value={isDay(search.since) ? search.since : ""} onChange={(event) => { change({ since: chosen(event.target.value) }); }} />
      {check("active", t("Only what holds"))}
      {check("appeals", t("Appealed"))}
      {check("hidden", t("Hidden too"))}
    </div>
  );
}

function IdFilter({ label, id, onChange }: { label: string; id: string | undefined; onChange: (id: string | undefined) => void }) {
  const [typed, setTyped] = useState(id ?? "");
  return (
    <SearchInput
      label={label}
      placeholder={label}
      inputMode="numeric"
      value={typed}
      onChange={(event) => {
        const text = event.target.value.replace(/\D/g, "").slice(0, 20);
        setTyped(text);
        if (text === "") onChange(undefined);
        else if (isId(text)) onChange(text);
      }}
    />
  );
}

function Counts({ filter }: { filter: Filter }) {
  const { id, asOf } = useGuild();
  const asked = useAsk(COUNTS, { guild: id, asOf, filter }, { keep: true });
  const counts = asked.data?.guild?.moderation.caseCounts ?? [];
  if (counts.length === 0) return null;
  return (
    <div className="case-counts row small">
      {counts.map((count) => <span key={count.kind} className="row"><Kind kind={count.kind} /><strong className="num">{number(count.all)}</strong>{Number(count.active) > 0 && <span className="muted">{t("{active} hold", { active: number(count.active) })}</span>}</span>)}
    </div>
  );
}

function Found({ filter }: { filter: Filter }) {
  const { id, asOf, at } = useGuild();
  const navigate = useNavigate();
  const list = useList(CASES, { guild: id, asOf, filter }, (data) => data.guild?.moderation.cases, (row) => String(row.number));
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={8} />;
  if (list.rows.length === 0) return <Empty icon="gavel" title={t("No cases")}>{Object.keys(filter).length > 0 ? t("Nothing matches. Take a filter away.") : t("The first warning, timeout, kick or ban appears here, also one that is done by hand in Discord.")}</Empty>;
  return (
    <>
      <ExportBar count={list.rows.length} onSave={() => { save("cases.csv", csv(["case", "at", "kind", "severity", "member_id", "member", "by_id", "by", "standing", "status", "until", "reason", "appeal", "hidden"], list.rows.map((row) => [row.number, row.at, row.kind, row.severity, row.person.userId, row.person.name, row.by?.person?.userId, byName(row.by), row.standing, row.status, row.until, row.reason, row.appeal, row.hidden ? "yes" : ""]))); }}><Whole list="cases" /></ExportBar>
      <Table
        label={t("Cases")}
        rows={list.rows}
        rowKey={(row) => String(row.number)}
        more={list.more}
        onOpen={(row) => { void navigate({ to: "/g/$guild/cases/$number", params: { guild: id, number: String(row.number) }, search: at === undefined ? {} : { at } }); }}
        columns={[
          { name: t("Case"), width: 74, cell: (row) => <CaseLink number={row.number} /> },
          { name: t("Kind"), width: 144, cell: (row) => <Kind kind={row.kind} severity={row.severity ?? null} /> },
          { name: t("Member"), cell: (row) => <Person person={row.person} /> },
          { name: t("Reason"), from: "wide", cell: (row) => <span className="cut case-reason">{row.reason ?? <span className="muted">–</span>}</span> },
          { name: t("By"), width: 160, from: "medium", cell: (row) => <By by={row.by ?? null} brief /> },
          { name: t("How it stands"), width: 206, from: "medium", cell: (row) => <span className="row case-stands"><Standing standing={row.standing} active={row.active} status={row.status} />{row.appeal === "open" && <Badge tone="accent">{appealName(row.appeal)}</Badge>}{row.hidden && <Badge>{t("hidden")}</Badge>}</span> },
          { name: t("When"), width: 138, from: "wide", cell: (row) => <time className="muted" dateTime={row.at} title={moment(row.at)}>{brief(row.at)}</time> },
        ]}
      />
    </>
  );
}

/** A few cases, one below the other. */
export function SmallCases({ cases }: { cases: readonly { number: number; kind: (typeof KINDS)[number]; severity?: string | null; at: string; standing: string; active: boolean; status: (typeof STATUSES)[number]; reason?: string | null; person?: PersonLine | null }[] }) {
  return (
    <ul className="small-cases">
      {cases.map((one) => (
        <li key={one.number} className="small-case">
          <CaseLink number={one.number} />
          <span><Kind kind={one.kind} severity={one.severity ?? null} /></span>
          <Standing standing={one.standing} active={one.active} status={one.status} />
          <span className="small muted cut">{[one.person == null ? "" : personName(one.person), brief(one.at), one.reason ?? ""].filter((part) => part !== "").join(" · ")}</span>
        </li>
      ))}
    </ul>
  );
}

