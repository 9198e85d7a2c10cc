/** Codes: campaigns with what they give and how they do, and who redeemed what. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, Failed, freshKey, useAsk, useDo, useList } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, day, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Figure, Figures } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { Dialog } from "../../ui/dialog";
import { ExportBar } from "../../ui/export";
import { Empty, Skeleton } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { Person } from "../members/person";
import { CampaignDialog, MadeDialog, type Made } from "./create";
import { LimitDialog, RevokeCodeDialog } from "./limit";
import { roleName } from "./only-for";
import { reached, rewardText, campaignBadge } from "./words";

const CAMPAIGNS = graphql(`
  query Campaigns($guild: Snowflake!, $asOf: Moment, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      codes {
        campaigns(first: 50, after: $after) {
          edges { node { id seq name madeAt codes uses delivered failed usesMost usesPerCode usesPerMember starts ends onlyFor revoked reward { bytes role days } creator { number userId name avatarUrl } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);
const HERE = graphql(`
  query CodesHere($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) { roles { id name } economy { currency } tiers { list { role name } } codes { on } }
  }
`);
const USES = graphql(`
  query CodeUses($guild: Snowflake!, $asOf: Moment, $id: ID!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      codes { uses(id: $id, first: 50, after: $after) { edges { node { number at state person { number userId name avatarUrl } } } pageInfo { hasNextPage endCursor } } }
    }
  }
`);
const REVOKE = graphql(`mutation CampaignRevoke($input: CampaignRevoke!) { campaignRevoke(input: $input) { status refusal { rule text } } }`);

type Campaigns = NonNullable<ResultOf<typeof CAMPAIGNS>["guild"]>["codes"]["campaigns"];
export type Campaign = Campaigns["edges"][number]["node"];
export type Here = NonNullable<ResultOf<typeof HERE>["guild"]>;

export function Codes() {
  const { id, asOf, may, refused } = useGuild();
  const here = useAsk(HERE, { guild: id, asOf });
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<Made>();
  const [revoking, setRevoking] = useState(false);
  const host = may("MANAGE_ECONOMY");
  return (
    <Page
      title={t("Codes")}
      about={t("Codes that members redeem for bytes, a role or days in a tier. A code is shown once, when it is made; only its hash is kept.")}
      actions={host && (
        <>
          <Button refused={refused("MANAGE_ECONOMY")} onClick={() => { setRevoking(true); }}>{t("Revoke one code")}</Button>
          <Button look="main" icon="ticket" refused={refused("MANAGE_ECONOMY")} onClick={() => { setCreating(true); }}>{t("New codes")}</Button>
        </>
      )}
    >
      <Answered asked={here} waiting={<Skeleton tall />}>{(data) => data.guild == null ? null : (
        <>
          <All here={data.guild} create={host && refused("MANAGE_ECONOMY") === undefined ? () => { setCreating(true); } : undefined} />
          {creating && <CampaignDialog here={data.guild} onClose={() => { setCreating(false); }} onDone={(what) => { setCreating(false); setMade(what); }} />}
        </>
      )}</Answered>
      {made !== undefined && <MadeDialog made={made} onClose={() => { setMade(undefined); }} />}
      {revoking && <RevokeCodeDialog onClose={() => { setRevoking(false); }} />}
    </Page>
  );
}

function All({ here, create }: { here: Here; create: (() => void) | undefined }) {
  const { id, asOf } = useGuild();
  const { campaign } = useSearch({ from: "/signed-in/g/$guild/codes" });
  const navigate = useNavigate({ from: "/g/$guild/codes" });
  const list = useList(CAMPAIGNS, { guild: id, asOf }, (data) => data.guild?.codes.campaigns, (row) => row.id);
  const open = (value: string | undefined) => { void navigate({ search: (before) => ({ ...before, campaign: value }) as typeof before, replace: true, resetScroll: false }); };
  const chosen = list.rows.find((one) => one.id === campaign);
  const isNow = Date.now();
  return (
    <>
      <Card flush title={t("Campaigns")}>
        {list.trouble !== undefined ? <Failed trouble={list.trouble} again={list.again} /> : list.loading ? <Skeleton lines={6} /> : list.rows.length === 0 ? (
          <Empty icon="ticket" title={t("No codes yet")} action={create !== undefined && <Button look="main" onClick={create}>{t("New codes")}</Button>}>{t("Make some here or with /codes create; members redeem them with /redeem.")}</Empty>
        ) : (
          <>
            <ExportBar count={list.rows.length} onSave={() => { save("campaigns.csv", csv(["id", "name", "made_at", "creator_id", "bytes", "role_id", "days", "codes", "uses", "uses_most", "delivered", "failed", "ends", "revoked"], list.rows.map((row) => [row.id, row.name, row.madeAt, row.creator.userId, row.reward.bytes, row.reward.role, row.reward.days, row.codes, row.uses, row.usesMost, row.delivered, row.failed, row.ends, row.revoked ? 1 : 0]))); }}><Whole list="campaigns" /></ExportBar>
            <Table
              label={t("Campaigns")}
              rows={list.rows}
              rowKey={(row) => row.id}
              more={list.more}
              onOpen={(row) => { open(row.id === chosen?.id ? undefined : row.id); }}
              isOpen={(row) => row.id === chosen?.id}
              columns={[
                { name: t("Campaign"), cell: (row) => <strong><bdi>{row.name}</bdi></strong> },
                { name: t("Gives"), from: "medium", cell: (row) => rewardText(row.reward, here) },
                { name: t("Made by"), width: 170, from: "wide", cell: (row) => <Person person={row.creator} /> },
                { name: t("State"), width: 110, from: "medium", cell: (row) => campaignBadge(row, isNow) },
                { name: t("Codes"), width: 80, align: "end", from: "wide", cell: (row) => number(row.codes) },
                { name: t("Redeemed"), width: 152, align: "end", cell: (row) => <strong className="num">{reached(row)}</strong> },
              ]}
            />
          </>
        )}
      </Card>
      {chosen !== undefined && <Chosen key={chosen.id} campaign={chosen} here={here} onDone={list.again} />}
    </>
  );
}

function Chosen({ campaign, here, onDone }: { campaign: Campaign; here: Here; onDone: () => void }) {
  const { may, refused } = useGuild();
  const [open, setOpen] = useState<"limit" | "revoke">();
  const stop = campaign.revoked ? t("Its codes are revoked, and stay so.") : refused("MANAGE_ECONOMY");
  const close = () => { setOpen(undefined); };
  const done = () => { close(); onDone(); };
  const limits = [
    campaign.usesMost == null ? t("no limit in all") : t("{n} in all", { n: number(campaign.usesMost) }),
    ...(campaign.usesPerCode == null ? [] : [t("{n} of each code", { n: number(campaign.usesPerCode) })]),
    t("{n} by each member", { n: number(campaign.usesPerMember) }),
    ...(campaign.onlyFor.length === 0 ? [] : [t("only for {roles}", { roles: campaign.onlyFor.map((role) => roleName(role, here.roles)).join(", ") })]),
  ].join(", ");
  return (
    <>
      <Figures>
        <Figure name={t("Gives")} value={rewardText(campaign.reward, here)} />
        <Figure name={t("Redeemed")} value={reached(campaign)} note={limits} />
        <Figure name={t("Delivered")} value={number(campaign.delivered)} note={campaign.failed === 0 ? t("none failed") : t("{n} failed", { n: number(campaign.failed) })} {...(campaign.failed === 0 ? {} : { tone: "bad" as const })} />
        <Figure name={t("Ends")} value={campaign.ends == null ? t("never") : day(campaign.ends)} note={campaign.starts == null ? undefined : t("from {day}", { day: day(campaign.starts) })} />
      </Figures>
      <Card
        flush
        title={t("Who redeemed {name}", { name: campaign.name })}
        actions={may("MANAGE_ECONOMY") && (
          <>
            <Button refused={stop} onClick={() => { setOpen("limit"); }}>{t("Limits")}</Button>
            <Button look="danger" refused={stop} onClick={() => { setOpen("revoke"); }}>{t("Revoke all")}</Button>
          </>
        )}
      >
        <Uses campaign={campaign} />
        {open === "limit" && <LimitDialog campaign={campaign} here={here} onClose={close} onDone={done} />}
        {open === "revoke" && <RevokeDialog campaign={campaign} onClose={close} onDone={done} />}
      </Card>
    </>
  );
}

function Uses({ campaign }: { campaign: Campaign }) {
  const { id, asOf } = useGuild();
  const list = useList(USES, { guild: id, asOf, id: campaign.id }, (data) => data.guild?.codes.uses, (row) => String(row.number));
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={4} />;
  if (list.rows.length === 0) return <Empty icon="ticket" title={t("Nobody has redeemed one yet")} />;
  const state = (word: string) => word === "delivered" ? <Badge tone="good">{t("delivered")}</Badge> : word === "under_way" ? <Badge tone="info">{t("under way")}</Badge> : <Badge tone="bad">{failure(word)}</Badge>;
  return (
    <>
      <ExportBar count={list.rows.length} onSave={() => { save("redemptions.csv", csv(["number", "user_id", "name", "at", "state"], list.rows.map((row) => [row.number, row.person.userId, row.person.name, row.at, row.state]))); }}><Whole list="code_uses" narrow={{ campaign: campaign.id }} /></ExportBar>
      <Table
        label={t("Who redeemed {name}", { name: campaign.name })}
        rows={list.rows}
        rowKey={(row) => String(row.number)}
        more={list.more}
        columns={[
          { name: "#", width: 64, from: "medium", cell: (row) => row.number },
          { name: t("Member"), cell: (row) => <Person person={row.person} /> },
          { name: t("Reward"), width: 170, cell: (row) => state(row.state) },
          { name: t("When"), width: 132, align: "end", cell: (row) => <time className="muted" dateTime={row.at} title={moment(row.at)}>{brief(row.at)}</time> },
        ]}
      />
    </>
  );
}

function failure(word: string): string {
  switch (word) {
    case "member_gone": return t("member gone");
    case "role_gone": return t("role gone");
    case "not_allowed": return t("not allowed");
    case "balance_limit": return t("account full");
    case "unavailable": return t("Discord did not answer");
    default: return word;
  }
}

function RevokeDialog({ campaign, onClose, onDone }: { campaign: Campaign; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const { act, busy } = useDo(REVOKE, (data) => data.campaignRevoke);
  async function revoke() {
    if ((await act({ input: { guild: id, campaign: campaign.id, key } }, t("Its codes are no longer valid."))) !== undefined) onDone();
  }
  return (
    <Dialog title={t("Revoke {name}?", { name: campaign.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Back")}</Button><Button look="danger" busy={busy} onClick={() => { void revoke(); }}>{t("Revoke all")}</Button></>}>
      <p>{t("{count, plural, one {# code becomes} other {# codes become}} invalid, and stay so. What was redeemed stays.", { count: campaign.codes })}</p>
    </Dialog>
  );
}
