/**
 * One member: what they have, where it came from and went, their record, and what staff may do about it.
 * A capability adds its section from an `of-member.tsx` of its own, with one line below.
 */
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, Failed, useAsk, useList } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Avatar } from "../../ui/avatar";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Figure, Figures } from "../../ui/card";
import { Empty, Skeleton } from "../../ui/notice";
import { Table } from "../../ui/table";
import { ActivityOfMember } from "../activity/of-member";
import { MoveDialog } from "../economy/move";
import { Movements } from "../economy/transactions";
import { GiveawaysOfMember } from "../giveaways/of-member";
import { MemberRecord } from "../moderation/of-member";
import { SquadOfMember } from "../squads/of-member";
import { TiersOfMember } from "../tiers/of-member";
import { Person, personName } from "./person";
import { useViewer } from "../../session/session";
import "./members.css";

const ACCOUNT = graphql(`
  query Account($guild: Snowflake!, $asOf: Moment, $user: Snowflake!) {
    guild(id: $guild, asOf: $asOf) {
      economy { currency account(user: $user) { person { number userId name avatarUrl erased } balance received sent earned } }
    }
  }
`);
const REFUSALS = graphql(`
  query Refusals($guild: Snowflake!, $asOf: Moment, $user: Snowflake, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      refusals(user: $user, first: 20, after: $after) {
        edges { node { seq at what rule whom { number userId name avatarUrl } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

export function Member() {
  const { member } = useParams({ from: "/signed-in/g/$guild/members/$member" });
  const { id, asOf, may, refused } = useGuild();
  const viewer = useViewer();
  const asked = useAsk(ACCOUNT, { guild: id, asOf, user: member });
  const [moving, setMoving] = useState<"grant" | "take">();
  const account = asked.data?.guild?.economy.account;
  const title = account == null ? t("Member {member}", { member }) : personName(account.person);
  const seesMovements = may("VIEW_RECORDS", "VIEW_ANALYTICS") || viewer.userId === member;
  return (
    <Page
      title={title}
      about={<span className="row"><Avatar name={title} url={account?.person.avatarUrl} size={36} /><code>{member}</code>{account != null && <Badge>{t("number {number} here", { number: account.person.number })}</Badge>}</span>}
      actions={
        <>
          {may("VIEW_AUDIT") && <Link className="button" to="/g/$guild/audit" params={{ guild: id }} search={{ q: `by:${member}` }}>{t("What they did")}</Link>}
          {may("MANAGE_ECONOMY") && (
            <>
              <Button icon="coins" refused={refused("MANAGE_ECONOMY")} onClick={() => { setMoving("grant"); }}>{t("Give bytes")}</Button>
              <Button refused={refused("MANAGE_ECONOMY")} onClick={() => { setMoving("take"); }}>{t("Take bytes")}</Button>
            </>
          )}
        </>
      }
    >
      <Answered asked={asked}>{(data) => {
        const found = data.guild?.economy.account;
        if (found == null) return <Card><Empty icon="coins" title={t("No account yet")}>{t("It is opened with the first bytes they get.")}</Empty></Card>;
        return (
          <Figures>
            <Figure name={data.guild?.economy.currency ?? ""} value={number(found.balance)} note={t("balance")} />
            <Figure name={t("Earned")} value={number(found.earned)} note={t("rewards and grants, ever")} />
            <Figure name={t("Received")} value={number(found.received)} note={t("from members, ever")} />
            <Figure name={t("Sent")} value={number(found.sent)} note={t("to members, ever")} />
          </Figures>
        );
      }}</Answered>
      {/* What each capability knows of them, side by side; lists below. */}
      <div className="member-sections">
        <MemberRecord user={member} name={title} />
        <ActivityOfMember user={member} />
        <SquadOfMember user={member} />
        <TiersOfMember user={member} />
      </div>
      <GiveawaysOfMember user={member} />
      {seesMovements && <Card flush title={t("Movements")}><Movements user={member} /></Card>}
      {may("VIEW_RECORDS", "VIEW_AUDIT") && <Refused user={member} />}
      {moving !== undefined && <MoveDialog verb={moving} user={member} name={title} onClose={() => { setMoving(undefined); }} onDone={() => { setMoving(undefined); asked.again(); }} />}
    </Page>
  );
}

function Refused({ user }: { user: string }) {
  const { id, asOf } = useGuild();
  const list = useList(REFUSALS, { guild: id, asOf, user }, (data) => data.guild?.refusals, (row) => row.seq);
  return (
    <Card flush title={t("Refused")} note={t("what a rule said no to")}>
      {list.trouble !== undefined ? <Failed trouble={list.trouble} again={list.again} /> : list.loading ? <Skeleton /> : list.rows.length === 0 ? <Empty icon="shield" title={t("Nothing was refused")} /> : (
        <Table
          label={t("Refused")}
          rows={list.rows}
          rowKey={(row) => row.seq}
          more={list.more}
          columns={[
            { name: t("When"), width: 132, cell: (row) => <time className="muted" dateTime={row.at}>{brief(row.at)}</time> },
            { name: t("What"), cell: (row) => <code>{row.what}</code> },
            { name: t("Whom"), from: "medium", cell: (row) => row.whom == null ? <span className="muted">–</span> : <Person person={row.whom} /> },
            { name: t("Rule"), width: 200, cell: (row) => <Badge tone="warn">{row.rule}</Badge> },
          ]}
        />
      )}
    </Card>
  );
}
