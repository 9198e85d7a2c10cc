/** Cases of all communities, for operators: where there is trouble, and whose; not what people wrote. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Failed, useList } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, moment } from "../../i18n/format";
import { Page } from "../../shell/page";
import { Avatar } from "../../ui/avatar";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { SearchInput, Select } from "../../ui/field";
import { Empty, Skeleton } from "../../ui/notice";
import { Table } from "../../ui/table";
import { personName, type PersonLine } from "../members/person";
import { useFresh } from "../operations/fresh";
import { appealName, Kind, kindName, KINDS, Standing, STATUSES, statusName } from "./words";
import "./moderation.css";

const EVERYWHERE = graphql(`
  query CasesEverywhere($filter: EverywhereFilter, $after: String) {
    operations {
      cases(filter: $filter, first: 50, after: $after) {
        edges { node { guild guildName number kind at standing active status appeal person { number userId name avatarUrl } moderator { number userId name avatarUrl } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

export function Everywhere() {
  const search = useSearch({ from: "/signed-in/ops/cases" });
  const navigate = useNavigate({ from: "/ops/cases" });
  const change = (to: { [name in keyof typeof search]?: string | undefined }) => { void navigate({ search: (before) => ({ ...before, ...to }) as typeof before, replace: true }); };
  const chosen = (value: string) => (value === "" ? undefined : value);
  const kind = KINDS.find((one) => one === search.kind?.toUpperCase());
  const status = STATUSES.find((one) => one === search.status?.toUpperCase());
  const guild = search.guild !== undefined && /^\d{15,20}$/.test(search.guild) ? search.guild : undefined;
  return (
    <Page title={t("Cases everywhere")} about={t("What was done in all communities, newest first. What people wrote is for the communities alone.")}>
      <Card flush title={t("Cases")}>
        <div className="case-filters row">
          <SearchInput label={t("Community's Discord id")} placeholder={t("Community's Discord id")} inputMode="numeric" value={search.guild ?? ""} onChange={(event) => { change({ guild: chosen(event.target.value.replace(/\D/g, "").slice(0, 20)) }); }} />
          <Select aria-label={t("Kind")} value={search.kind ?? ""} onChange={(event) => { change({ kind: chosen(event.target.value) }); }}>
            <option value="">{t("All kinds")}</option>
            {KINDS.map((one) => <option key={one} value={one.toLowerCase()}>{kindName(one)}</option>)}
          </Select>
          <Select aria-label={t("Status")} value={search.status ?? ""} onChange={(event) => { change({ status: chosen(event.target.value) }); }}>
            <option value="">{t("Any status")}</option>
            {STATUSES.map((one) => <option key={one} value={one.toLowerCase()}>{statusName(one)}</option>)}
          </Select>
          <label className="check"><input type="checkbox" checked={search.active === "1"} onChange={(event) => { change({ active: event.target.checked ? "1" : undefined }); }} />{t("Only what holds")}</label>
        </div>
        <Found filter={{ ...(guild === undefined ? {} : { guild }), ...(kind === undefined ? {} : { kind }), ...(status === undefined ? {} : { status }), ...(search.active === "1" ? { active: true } : {}) }} />
      </Card>
    </Page>
  );
}

type Filter = { guild?: string; kind?: (typeof KINDS)[number]; status?: (typeof STATUSES)[number]; active?: boolean };

function Found({ filter }: { filter: Filter }) {
  const list = useList(EVERYWHERE, { filter }, (data) => data.operations.cases, (row) => `${row.guild}/${String(row.number)}`);
  useFresh(list.again);
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={8} />;
  if (list.rows.length === 0) return <Empty icon="gavel" title={t("No cases")}>{Object.keys(filter).length > 0 ? t("Nothing matches. Take a filter away.") : t("Cases of all communities appear here as they are made.")}</Empty>;
  return (
    <>
      <ExportBar count={list.rows.length} onSave={() => { save("cases-everywhere.csv", csv(["community_id", "community", "case", "at", "kind", "member_id", "moderator_id", "standing", "status", "appeal"], list.rows.map((row) => [row.guild, row.guildName, row.number, row.at, row.kind, row.person.userId, row.moderator?.userId, row.standing, row.status, row.appeal]))); }} />
      <Table
        label={t("Cases")}
        rows={list.rows}
        rowKey={(row) => `${row.guild}/${String(row.number)}`}
        more={list.more}
        columns={[
          { name: t("Community"), cell: (row) => <span className="cut" title={row.guild}>{row.guildName ?? row.guild}</span> },
          { name: t("Case"), width: 78, cell: (row) => <span className="num">#{row.number}</span> },
          { name: t("Kind"), width: 144, cell: (row) => <Kind kind={row.kind} /> },
          { name: t("Member"), from: "medium", cell: (row) => <Somebody person={row.person} /> },
          { name: t("By"), from: "wide", cell: (row) => row.moderator == null ? <span className="muted">{t("a rule")}</span> : <Somebody person={row.moderator} /> },
          { name: t("How it stands"), width: 176, from: "medium", cell: (row) => <span className="row case-stands"><Standing standing={row.standing} active={row.active} status={row.status} />{row.appeal === "open" && <span className="small muted">{appealName(row.appeal)}</span>}</span> },
          { name: t("When"), width: 138, from: "wide", cell: (row) => <time className="muted" dateTime={row.at} title={moment(row.at)}>{brief(row.at)}</time> },
        ]}
      />
    </>
  );
}

/** Somebody of another community: an operator has no page of theirs. */
function Somebody({ person }: { person: PersonLine }) {
  return <span className="person"><Avatar name={personName(person)} url={person.avatarUrl} size={22} /><bdi className="cut">{personName(person)}</bdi></span>;
}
