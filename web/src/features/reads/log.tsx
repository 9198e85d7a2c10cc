/** The access log: who of the staff looked at what is kept of members. */
import { Failed, useList } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, moment } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Badge } from "../../ui/badge";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { Select } from "../../ui/field";
import { Empty, Skeleton } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { MemberFilter } from "../members/member-filter";
import { Person } from "../members/person";
import { readName, viaName } from "./words";

const READS = graphql(`
  query Reads($guild: Snowflake!, $asOf: Moment, $by: Snowflake, $operators: Boolean!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      reads(by: $by, operators: $operators, first: 50, after: $after) {
        edges { node { seq at what case list via byOperator who { number userId name avatarUrl } whom { number userId name avatarUrl } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

export type ReadsFilter = { by?: string | undefined; staff?: string | undefined };

export function AccessLog({ by, staff, onChange }: ReadsFilter & { onChange: (to: ReadsFilter) => void }) {
  return (
    <Card
      flush
      title={t("Who looked")}
      note={t("the same thing once in a quarter of an hour")}
      actions={
        <>
          <MemberFilter key={by ?? ""} user={by} onChange={(value) => { onChange({ by: value }); }} />
          <Select aria-label={t("Who looked")} value={staff ?? ""} onChange={(event) => { onChange({ staff: event.target.value === "" ? undefined : event.target.value }); }}>
            <option value="">{t("Everybody")}</option>
            <option value="operators">{t("Operators of this bot")}</option>
          </Select>
        </>
      }
    >
      <Lines by={by} operators={staff === "operators"} />
    </Card>
  );
}

function Lines({ by, operators }: { by: string | undefined; operators: boolean }) {
  const { id, asOf } = useGuild();
  const list = useList(READS, { guild: id, asOf, by: by ?? null, operators }, (data) => data.guild?.reads, (row) => row.seq);
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={6} />;
  if (list.rows.length === 0) return <Empty icon="shield" title={t("Nobody looked")}>{by !== undefined || operators ? t("Nothing matches. Take a filter away.") : t("When staff opens a case, somebody's record, the logs or a list of them, it is written down here.")}</Empty>;
  return (
    <>
      <ExportBar count={list.rows.length} onSave={() => { save("reads.csv", csv(["seq", "at", "who_id", "who", "operator", "what", "case", "list", "whom_id", "whom", "via"], list.rows.map((row) => [row.seq, row.at, row.who?.userId, row.who?.name, row.byOperator ? "yes" : "no", row.what, row.case, row.list, row.whom?.userId, row.whom?.name, row.via]))); }}><Whole list="reads" narrow={{ member: by }} /></ExportBar>
      <Table
        label={t("Who looked")}
        rows={list.rows}
        rowKey={(row) => row.seq}
        more={list.more}
        columns={[
          { name: t("When"), width: 132, from: "medium", cell: (row) => <time dateTime={row.at} title={moment(row.at)} className="muted">{brief(row.at)}</time> },
          { name: t("Who"), cell: (row) => row.byOperator ? <Badge tone="accent">{t("Operator")}</Badge> : <Person person={row.who} /> },
          { name: t("What"), cell: (row) => <span className="breaks">{readName(row.what, row)}</span> },
          { name: t("About"), from: "medium", cell: (row) => row.whom == null ? <span className="muted">–</span> : <Person person={row.whom} /> },
          { name: t("Where"), width: 110, from: "wide", cell: (row) => <span className="muted">{viaName(row.via)}</span> },
        ]}
      />
    </>
  );
}
