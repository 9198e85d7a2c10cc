/** Tiers: roles with benefits, and who holds one until when. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, Failed, freshKey, useAsk, useDo, useList } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { Dialog } from "../../ui/dialog";
import { ExportBar } from "../../ui/export";
import { Empty, Skeleton } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { Person, personName } from "../members/person";
import { GiveDialog, TierDialog } from "./edit";

const TIERS = graphql(`
  query Tiers($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) {
      roles { id name }
      economy { currency }
      tiers { list { role name dailyBonus holders } }
    }
  }
`);
const HOLDERS = graphql(`
  query TierHolders($guild: Snowflake!, $asOf: Moment, $role: Snowflake!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      tiers { holders(role: $role, first: 50, after: $after) { edges { node { place until person { number userId name avatarUrl } } } pageInfo { hasNextPage endCursor } } }
    }
  }
`);
const REMOVE = graphql(`mutation TierRemove($input: TierRemove!) { tierRemove(input: $input) { status refusal { rule text } } }`);
const TAKE = graphql(`mutation TierTake($input: TierTake!) { tierTake(input: $input) { status refusal { rule text } } }`);

export type Tier = NonNullable<ResultOf<typeof TIERS>["guild"]>["tiers"]["list"][number];

export function Tiers() {
  const { id, asOf, may, refused } = useGuild();
  const asked = useAsk(TIERS, { guild: id, asOf });
  const { role } = useSearch({ from: "/signed-in/g/$guild/tiers" });
  const navigate = useNavigate({ from: "/g/$guild/tiers" });
  const [editing, setEditing] = useState<Tier | "new">();
  const open = (value: string | undefined) => { void navigate({ search: (before) => ({ ...before, role: value }) as typeof before, replace: true, resetScroll: false }); };
  const staff = may("MANAGE_ECONOMY", "VIEW_AUDIT");
  const host = may("MANAGE_ECONOMY");
  return (
    <Page title={t("Tiers")} about={t("Roles with benefits that members hold for a time, given by hand or for a code.")} actions={host && <Button look="main" refused={refused("MANAGE_ECONOMY")} onClick={() => { setEditing("new"); }}>{t("New tier")}</Button>}>
      <Answered asked={asked} waiting={<Skeleton tall />}>{(data) => {
        const list = data.guild?.tiers.list ?? [];
        const currency = data.guild?.economy.currency ?? "";
        const roleName = (of: string) => `@${data.guild?.roles.find((one) => one.id === of)?.name ?? of}`;
        const chosen = staff ? list.find((one) => one.role === role) : undefined;
        return (
          <>
            <Card flush title={t("All tiers")}>
              {list.length === 0 ? <Empty icon="board" title={t("No tiers yet")} action={host && <Button look="main" refused={refused("MANAGE_ECONOMY")} onClick={() => { setEditing("new"); }}>{t("New tier")}</Button>}>{t("A tier is a role that members hold until its end, with bytes on top of the daily reward.")}</Empty> : (
                <Table
                  label={t("All tiers")}
                  rows={list}
                  rowKey={(row) => row.role}
                  onOpen={staff ? (row) => { open(row.role === chosen?.role ? undefined : row.role); } : undefined}
                  isOpen={(row) => row.role === chosen?.role}
                  columns={[
                    { name: t("Tier"), cell: (row) => <strong><bdi>{row.name}</bdi></strong> },
                    { name: t("Role"), width: 180, from: "medium", cell: (row) => <span className="cut">{roleName(row.role)}</span> },
                    { name: t("Daily bonus"), width: 150, align: "end", cell: (row) => row.dailyBonus === "0" ? <span className="muted">–</span> : `${number(row.dailyBonus)} ${currency}` },
                    { name: t("Holders"), width: 90, align: "end", cell: (row) => <strong className="num">{number(row.holders)}</strong> },
                  ]}
                />
              )}
            </Card>
            {chosen !== undefined && <Chosen key={chosen.role} tier={chosen} onEdit={() => { setEditing(chosen); }} onDone={asked.again} onGone={() => { open(undefined); asked.again(); }} />}
            {editing !== undefined && <TierDialog tier={editing === "new" ? undefined : editing} roles={data.guild?.roles ?? []} onClose={() => { setEditing(undefined); }} onDone={() => { setEditing(undefined); asked.again(); }} />}
          </>
        );
      }}</Answered>
    </Page>
  );
}

type ChosenProps = { tier: Tier; onEdit: () => void; onDone: () => void; onGone: () => void };

function Chosen({ tier, onEdit, onDone, onGone }: ChosenProps) {
  const { id, asOf, may, refused } = useGuild();
  const [giving, setGiving] = useState(false);
  const [removing, setRemoving] = useState(false);
  const list = useList(HOLDERS, { guild: id, asOf, role: tier.role }, (data) => data.guild?.tiers.holders, (row) => String(row.person.number));
  const take = useDo(TAKE, (data) => data.tierTake);
  const stop = refused("MANAGE_ECONOMY");
  const host = may("MANAGE_ECONOMY");
  async function away(user: string, name: string) {
    if ((await take.act({ input: { guild: id, user, role: tier.role, key: freshKey() } }, t("{name} does not hold it any more.", { name }))) !== undefined) { list.again(); onDone(); }
  }
  return (
    <Card
      flush
      title={t("Who holds {name}", { name: tier.name })}
      actions={host && (
        <>
          <Button look="main" refused={stop} onClick={() => { setGiving(true); }}>{t("Give it")}</Button>
          <Button refused={stop} onClick={onEdit}>{t("Change")}</Button>
          <Button look="danger" refused={stop} onClick={() => { setRemoving(true); }}>{t("Remove")}</Button>
        </>
      )}
    >
      {list.trouble !== undefined ? <Failed trouble={list.trouble} again={list.again} /> : list.loading ? <Skeleton lines={4} /> : list.rows.length === 0 ? <Empty icon="people" title={t("Nobody holds it")}>{t("Give it to somebody, or make codes that do.")}</Empty> : (
        <>
          <ExportBar count={list.rows.length} onSave={() => { save("tier.csv", csv(["user_id", "name", "until"], list.rows.map((row) => [row.person.userId, row.person.name, row.until]))); }}>{may("MANAGE_ECONOMY", "VIEW_AUDIT") && <Whole list="tier_holders" narrow={{ role: tier.role }} />}</ExportBar>
          <Table
            label={t("Who holds {name}", { name: tier.name })}
            rows={list.rows}
            rowKey={(row) => String(row.person.number)}
            more={list.more}
            columns={[
              { name: t("Member"), cell: (row) => <Person person={row.person} /> },
              { name: t("Until"), width: 150, cell: (row) => <time className="muted" dateTime={row.until} title={moment(row.until)}>{brief(row.until)}</time> },
              { name: t("Ends"), width: 130, from: "medium", cell: (row) => <span className="muted">{ago(row.until)}</span> },
              ...(host ? [{ name: t("Do"), width: 104, align: "end" as const, cell: (row: (typeof list.rows)[number]) => row.person.userId != null && <Button busy={take.busy} refused={stop} onClick={() => { void away(row.person.userId ?? "", personName(row.person)); }}>{t("Take it")}</Button> }] : []),
            ]}
          />
        </>
      )}
      {giving && <GiveDialog tier={tier} onClose={() => { setGiving(false); }} onDone={() => { setGiving(false); list.again(); onDone(); }} />}
      {removing && <RemoveDialog tier={tier} onClose={() => { setRemoving(false); }} onDone={onGone} />}
    </Card>
  );
}

function RemoveDialog({ tier, onClose, onDone }: { tier: Tier; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const { act, busy } = useDo(REMOVE, (data) => data.tierRemove);
  async function remove() {
    if ((await act({ input: { guild: id, role: tier.role, key } }, t("It is no tier any more."))) !== undefined) onDone();
  }
  return (
    <Dialog title={t("Remove {name}?", { name: tier.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Back")}</Button><Button look="danger" busy={busy} onClick={() => { void remove(); }}>{t("Remove")}</Button></>}>
      <p>{t("The role is no tier any more. Whoever holds it keeps it until its end, without the bonus.")}</p>
    </Dialog>
  );
}
