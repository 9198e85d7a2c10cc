/** Every movement of bytes: by member and by kind, newest first. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Failed, useList } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Card } from "../../ui/card";
import { Select } from "../../ui/field";
import { Empty, Skeleton } from "../../ui/notice";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { Table } from "../../ui/table";
import { MemberFilter } from "../members/member-filter";
import { Whole } from "../exports/whole";
import { Person } from "../members/person";
import { Kind, kindName, KINDS } from "./kinds";

export const TRANSACTIONS = graphql(`
  query Transactions($guild: Snowflake!, $asOf: Moment, $filter: TransactionFilter, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      economy {
        transactions(filter: $filter, first: 50, after: $after) {
          edges { node { seq event at kind amount reason giver { number userId name avatarUrl } receiver { number userId name avatarUrl } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

export function Transactions() {
  const { user, kind } = useSearch({ from: "/signed-in/g/$guild/transactions" });
  const navigate = useNavigate({ from: "/g/$guild/transactions" });
  const change = (to: { user?: string | undefined; kind?: string | undefined }) => { void navigate({ search: (before) => ({ ...before, ...to }) as typeof before, replace: true }); };
  return (
    <Page title={t("Transactions")} about={t("Every movement of bytes is an event; none can be changed or taken out.")}>
      <Card
        title={t("Movements")}
        flush
        actions={
          <>
            <MemberFilter key={user ?? ""} user={user} onChange={(value) => { change({ user: value }); }} />
            <Select aria-label={t("Kind")} value={kind ?? ""} onChange={(event) => { change({ kind: event.target.value === "" ? undefined : event.target.value }); }}>
              <option value="">{t("All kinds")}</option>
              {KINDS.map((one) => <option key={one} value={one}>{kindName(one)}</option>)}
            </Select>
          </>
        }
      >
        <Movements user={user} kind={KINDS.find((one) => one === kind)} />
      </Card>
    </Page>
  );
}

export function Movements({ user, kind }: { user: string | undefined; kind?: string | undefined }) {
  const { id, asOf } = useGuild();
  const filter = { ...(user === undefined ? {} : { user }), ...(kind === undefined ? {} : { kinds: [kind] }) };
  const list = useList(TRANSACTIONS, { guild: id, asOf, filter }, (data) => data.guild?.economy.transactions, (row) => row.seq);
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={8} />;
  if (list.rows.length === 0) return <Empty icon="swap" title={t("No movements")}>{user !== undefined || kind !== undefined ? t("Nothing matches. Take a filter away.") : t("They appear here when somebody gets, sends or spends bytes.")}</Empty>;
  return (
    <>
    <ExportBar count={list.rows.length} onSave={() => { save("transactions.csv", csv(["seq", "at", "kind", "giver_id", "giver", "receiver_id", "receiver", "amount", "reason"], list.rows.map((row) => [row.seq, row.at, row.kind, row.giver?.userId, row.giver?.name, row.receiver?.userId, row.receiver?.name, row.amount, row.reason]))); }}><Whole list="transactions" narrow={{ member: user, kind }} /></ExportBar>
    <Table
      label={t("Movements")}
      rows={list.rows}
      rowKey={(row) => row.seq}
      more={list.more}
      columns={[
        { name: t("When"), width: 132, from: "medium", cell: (row) => <time dateTime={row.at} title={moment(row.at)} className="muted">{brief(row.at)}</time> },
        { name: t("Kind"), width: 140, from: "medium", cell: (row) => <Kind kind={row.kind} /> },
        { name: t("From"), cell: (row) => <Person person={row.giver} /> },
        { name: t("To"), cell: (row) => <Person person={row.receiver} /> },
        { name: t("Reason"), from: "wide", cell: (row) => row.reason ?? <span className="muted">–</span> },
        { name: t("Amount"), width: 104, align: "end", cell: (row) => <strong className="num">{number(row.amount)}</strong> },
      ]}
    />
    </>
  );
}
