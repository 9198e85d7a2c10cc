/** Squads: which there are with their roles and members, what joining costs, and their administration. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, Failed, freshKey, useAsk, useDo, useList } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, moment, number } from "../../i18n/format";
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
import { SquadDialog } from "./edit";
import "./squads.css";

const SQUADS = graphql(`
  query Squads($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) {
      roles { id name }
      economy { currency }
      squads { switchCost minimumBalance list { id name description role active members } }
    }
  }
`);
const MEMBERS = graphql(`
  query SquadMembers($guild: Snowflake!, $asOf: Moment, $squad: Int!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      squads {
        members(squad: $squad, first: 50, after: $after) {
          edges { node { since person { number userId name avatarUrl } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);
const EDIT = graphql(`mutation SquadTurn($input: SquadEdit!) { squadEdit(input: $input) { status refusal { rule text } } }`);
const DELETE = graphql(`mutation SquadDelete($input: SquadDelete!) { squadDelete(input: $input) { status refusal { rule text } } }`);

export type Squad = NonNullable<ResultOf<typeof SQUADS>["guild"]>["squads"]["list"][number];

export function Squads() {
  const { id, asOf, may, refused } = useGuild();
  const asked = useAsk(SQUADS, { guild: id, asOf });
  const { squad } = useSearch({ from: "/signed-in/g/$guild/squads" });
  const navigate = useNavigate({ from: "/g/$guild/squads" });
  const [editing, setEditing] = useState<Squad | "new">();
  const open = (value: number | undefined) => { void navigate({ search: (before) => ({ ...before, squad: value === undefined ? undefined : String(value) }) as typeof before, replace: true, resetScroll: false }); };
  const host = may("MANAGE_SETTINGS");
  return (
    <Page
      title={t("Squads")}
      about={t("Teams with a role of their own; a member is in one of them.")}
      actions={host && (
        <>
          <Link className="button" to="/g/$guild/settings/$capability" params={{ guild: id, capability: "squads" }}>{t("Costs")}</Link>
          <Button look="main" icon="people" refused={refused("MANAGE_SETTINGS")} onClick={() => { setEditing("new"); }}>{t("New squad")}</Button>
        </>
      )}
    >
      <Answered asked={asked} waiting={<Skeleton tall />}>{(data) => {
        const guild = data.guild;
        if (guild == null) return null;
        const { list, switchCost, minimumBalance } = guild.squads;
        const chosen = list.find((one) => String(one.id) === squad);
        const role = (of: string) => `@${guild.roles.find((one) => one.id === of)?.name ?? of}`;
        return (
          <>
            <Figures>
              <Figure name={t("Squads")} value={number(list.length)} note={t("{count} can be joined", { count: list.filter((one) => one.active).length })} />
              <Figure name={t("Members")} value={number(list.reduce((sum, one) => sum + Number(one.members), 0))} note={t("in a squad")} />
              <Figure name={t("Switching costs")} value={number(switchCost)} note={t("{currency}; the first join is free", { currency: guild.economy.currency })} />
              <Figure name={t("Minimum balance")} value={number(minimumBalance)} note={t("less neither joins nor leaves")} />
            </Figures>
            <Card flush title={t("All squads")}>
              {list.length === 0 ? <Empty icon="people" title={t("No squads yet")} action={host && <Button look="main" refused={refused("MANAGE_SETTINGS")} onClick={() => { setEditing("new"); }}>{t("New squad")}</Button>}>{t("Members join one with /squads join in Discord, and get its role.")}</Empty> : (
                <Table
                  label={t("All squads")}
                  rows={list}
                  rowKey={(row) => String(row.id)}
                  onOpen={(row) => { open(row.id === chosen?.id ? undefined : row.id); }}
                  isOpen={(row) => row.id === chosen?.id}
                  columns={[
                    { name: t("Squad"), cell: (row) => <strong><bdi>{row.name}</bdi></strong> },
                    { name: t("What it is"), from: "wide", cell: (row) => row.description === "" ? <span className="muted">–</span> : <span className="muted" title={row.description}>{row.description}</span> },
                    { name: t("Role"), width: 150, from: "medium", cell: (row) => <span className="cut">{role(row.role)}</span> },
                    { name: t("State"), width: 104, cell: (row) => row.active ? <Badge tone="good">{t("active")}</Badge> : <Badge>{t("inactive")}</Badge> },
                    { name: t("Members"), width: 96, align: "end", cell: (row) => <strong className="num">{number(row.members)}</strong> },
                  ]}
                />
              )}
            </Card>
            {chosen !== undefined && <Chosen key={chosen.id} squad={chosen} role={role(chosen.role)} onEdit={() => { setEditing(chosen); }} onDone={asked.again} onGone={() => { open(undefined); asked.again(); }} />}
            {editing !== undefined && <SquadDialog squad={editing === "new" ? undefined : editing} roles={guild.roles} onClose={() => { setEditing(undefined); }} onDone={() => { setEditing(undefined); asked.again(); }} />}
          </>
        );
      }}</Answered>
    </Page>
  );
}

type ChosenProps = { squad: Squad; role: string; onEdit: () => void; onDone: () => void; onGone: () => void };

function Chosen({ squad, role, onEdit, onDone, onGone }: ChosenProps) {
  const { id, may, refused } = useGuild();
  const [deleting, setDeleting] = useState(false);
  const turn = useDo(EDIT, (data) => data.squadEdit);
  const stop = refused("MANAGE_SETTINGS");
  async function act() {
    const said = squad.active ? t("Nobody can join it now; its members stay.") : t("Members can join it.");
    if ((await turn.act({ input: { guild: id, squad: squad.id, active: !squad.active, key: freshKey() } }, said)) !== undefined) onDone();
  }
  return (
    <Card
      flush
      title={squad.name}
      note={role}
      actions={may("MANAGE_SETTINGS") && (
        <>
          <Button refused={stop} onClick={onEdit}>{t("Change")}</Button>
          <Button refused={stop} busy={turn.busy} onClick={() => { void act(); }}>{squad.active ? t("Deactivate") : t("Activate")}</Button>
          <Button look="danger" refused={stop} onClick={() => { setDeleting(true); }}>{t("Delete")}</Button>
        </>
      )}
    >
      {squad.description !== "" && <p className="squad-about breaks">{squad.description}</p>}
      <Members squad={squad} />
      {deleting && <DeleteDialog squad={squad} onClose={() => { setDeleting(false); }} onDone={onGone} />}
    </Card>
  );
}

function Members({ squad }: { squad: Squad }) {
  const { id, asOf, may } = useGuild();
  const list = useList(MEMBERS, { guild: id, asOf, squad: squad.id }, (data) => data.guild?.squads.members, (row) => String(row.person.number));
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={4} />;
  if (list.rows.length === 0) return <Empty icon="people" title={t("Nobody is in it yet")} />;
  return (
    <>
      <ExportBar count={list.rows.length} onSave={() => { save(`squad-${String(squad.id)}.csv`, csv(["user_id", "name", "since"], list.rows.map((row) => [row.person.userId, row.person.name, row.since]))); }}>{may("VIEW_ANALYTICS", "VIEW_RECORDS") && <Whole list="squad_members" narrow={{ squad: String(squad.id) }} />}</ExportBar>
      <Table
        label={t("Members of {name}", { name: squad.name })}
        rows={list.rows}
        rowKey={(row) => String(row.person.number)}
        more={list.more}
        columns={[
          { name: t("Member"), cell: (row) => <Person person={row.person} /> },
          { name: t("Since"), width: 140, align: "end", cell: (row) => <time className="muted" dateTime={row.since} title={moment(row.since)}>{brief(row.since)}</time> },
        ]}
      />
    </>
  );
}

function DeleteDialog({ squad, onClose, onDone }: { squad: Squad; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const { act, busy } = useDo(DELETE, (data) => data.squadDelete);
  async function remove() {
    if ((await act({ input: { guild: id, squad: squad.id, key } }, t("It is deleted; its members lose its role one after the other."))) !== undefined) onDone();
  }
  return (
    <Dialog title={t("Delete {name}?", { name: squad.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Back")}</Button><Button look="danger" busy={busy} onClick={() => { void remove(); }}>{t("Delete")}</Button></>}>
      <p>{t("{count, plural, one {# member leaves} other {# members leave}} it and lose its role; their next join is free. It cannot be taken back.", { count: Number(squad.members) })}</p>
    </Dialog>
  );
}
