/** One giveaway: what is given, how far it is, who was drawn, who is in, what happened, and its proof. */
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { ago, brief, moment, number, span } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Facts, Figure, Figures } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Person } from "../members/person";
import { Deeds, RerollDialog } from "./deeds";
import { Entrants } from "./entrants";
import { Funnel } from "./funnel";
import { GIVEAWAY, RECEIPT, type Giveaway, type Place, type Winner } from "./queries";
import { Steps } from "./steps";
import { drawnFor, PickBadge, StateBadge } from "./words";
import "./giveaways.css";

export function GiveawayPage() {
  const { giveaway: id } = useParams({ from: "/signed-in/g/$guild/giveaways/$giveaway" });
  const { id: guild, at, asOf, may } = useGuild();
  const asked = useAsk(GIVEAWAY, { guild, asOf, id });
  const one = asked.data?.guild?.giveaways.one;
  const staff = may("MANAGE_GIVEAWAYS", "VIEW_AUDIT");
  return (
    <Page
      title={one?.prize ?? t("Giveaway")}
      about={one != null && <span className="row"><StateBadge state={one.state} /><span>{one.state === "OPEN" ? t("ends {when}", { when: ago(one.endsAt) }) : brief(one.endsAt)}</span></span>}
      actions={one != null && <Deeds giveaway={one} onDone={asked.again} />}
    >
      <Answered asked={asked}>{(data) => {
        const found = data.guild?.giveaways.one;
        if (found == null) return <Card><Empty icon="gift" title={t("There is no such giveaway here")} action={<Link className="button" to="/g/$guild/giveaways" params={{ guild }} search={at === undefined ? {} : { at }}>{t("All giveaways")}</Link>}>{t("It may not have been made yet at this moment.")}</Empty></Card>;
        const winners = data.guild?.giveaways.winners ?? [];
        return (
          <>
            <Numbers giveaway={found} winners={winners} />
            <div className="two">
              <Terms giveaway={found} roles={data.guild?.roles ?? []} channels={data.guild?.channels ?? []} />
              <div className="stack">
                {may("MANAGE_GIVEAWAYS", "VIEW_AUDIT", "VIEW_ANALYTICS") && <Funnel id={id} />}
                <Proof giveaway={found} />
              </div>
            </div>
            {winners.length > 0 && <Winners giveaway={found} winners={winners} onDone={asked.again} />}
            {at === undefined && <Held id={id} />}
            {staff && <Steps id={id} />}
            {staff && <Entrants id={id} />}
          </>
        );
      }}</Answered>
    </Page>
  );
}

function Numbers({ giveaway, winners }: { giveaway: Giveaway; winners: readonly Winner[] }) {
  const claimed = winners.filter((one) => one.state === "claimed" || (giveaway.claimSecs === 0 && one.state === "confirmed")).length;
  const rerolls = winners.filter((one) => one.why === "lapse" || one.why === "reroll").length;
  return (
    <Figures>
      <Figure name={t("Entries")} value={number(giveaway.entries)} note={t("who are in")} />
      <Figure name={t("Prizes")} value={number(giveaway.winnerCount)} />
      <Figure name={giveaway.claimSecs === 0 ? t("Won") : t("Claimed")} value={number(claimed)} note={t("of {n}", { n: number(giveaway.winnerCount) })} />
      <Figure name={t("Rerolls")} value={number(rerolls)} note={t("of at most {n}", { n: number(giveaway.maxRerolls) })} />
    </Figures>
  );
}

function Terms({ giveaway, roles, channels }: { giveaway: Giveaway; roles: readonly Place[]; channels: readonly Place[] }) {
  const role = (id: string) => `@${roles.find((one) => one.id === id)?.name ?? id}`;
  const all = (ids: readonly string[]) => ids.map(role).join(", ");
  const { requires, bonus } = giveaway;
  const rows: [string, React.ReactNode][] = [
    [t("Made"), moment(giveaway.madeAt)],
    [giveaway.state === "OPEN" || giveaway.state === "PAUSED" ? t("Ends") : t("Ended"), moment(giveaway.endsAt)],
  ];
  if (giveaway.channel != null) rows.push([t("Channel"), `#${channels.find((one) => one.id === giveaway.channel)?.name ?? giveaway.channel}`]);
  if (requires.allOf.length > 0) rows.push([t("Only with the role"), all(requires.allOf)]);
  if (requires.anyOf.length > 0) rows.push([t("Only with one of"), all(requires.anyOf)]);
  if (requires.noneOf.length > 0) rows.push([t("Not with the role"), all(requires.noneOf)]);
  if (requires.level > 0) rows.push([t("From level"), number(requires.level)]);
  if (requires.accountDays > 0) rows.push([t("Account"), t("at least {n} days old", { n: requires.accountDays })]);
  if (requires.memberDays > 0) rows.push([t("Member here"), t("for at least {n} days", { n: requires.memberDays })]);
  for (const one of bonus) rows.push([t("More chances"), t("{n} more for {role}", { n: one.entries, role: role(one.role) })]);
  rows.push([t("Time to claim"), giveaway.claimSecs === 0 ? t("nothing has to be claimed") : span(giveaway.claimSecs)]);
  return <Card title={t("What holds")}><Facts rows={rows} /></Card>;
}

function Proof({ giveaway }: { giveaway: Giveaway }) {
  const rows: [string, React.ReactNode][] = [[t("Committed to"), <code key="c" className="digest">{giveaway.commitment}</code>]];
  if (giveaway.root != null) rows.push([t("Entries' root"), <code key="r" className="digest">{giveaway.root}</code>]);
  if (giveaway.seed != null) rows.push([t("Seed"), <code key="s" className="digest">{giveaway.seed}</code>]);
  return (
    <Card title={t("Proof")} actions={<Link className="button" to="/p/giveaway/$giveaway" params={{ giveaway: giveaway.id }}>{t("Public page")}</Link>}>
      <p className="small muted">{giveaway.seed == null ? t("The seed was fixed when it was made, and is shown with the draw.") : t("Anybody can draw again by themselves, without an account.")}</p>
      <Facts rows={rows} />
    </Card>
  );
}

function Winners({ giveaway, winners, onDone }: { giveaway: Giveaway; winners: readonly Winner[]; onDone: () => void }) {
  const { may, refused } = useGuild();
  const [rerolling, setRerolling] = useState<Winner>();
  const holds = (one: Winner) => (one.state === "confirmed" || one.state === "claimed") && one.person?.userId != null;
  const host = may("MANAGE_GIVEAWAYS");
  return (
    <Card flush title={t("Drawn")} note={t("in this order")}>
      <Table
        label={t("Drawn")}
        rows={winners}
        rowKey={(one) => String(one.k)}
        columns={[
          { name: t("Pick"), width: 64, from: "medium", cell: (one) => one.k + 1 },
          { name: t("Member"), cell: (one) => one.person == null ? <span className="muted">{t("an erased member")}</span> : <Person person={one.person} /> },
          { name: t("Entry"), width: 84, align: "end", from: "medium", cell: (one) => number(one.entry) },
          { name: t("Why"), from: "wide", cell: (one) => <span className="muted">{drawnFor(one.why)}</span> },
          { name: t("State"), width: 138, cell: (one) => <PickBadge state={one.state} /> },
          { name: t("Since"), width: 132, from: "medium", cell: (one) => <time className="muted" dateTime={one.since} title={moment(one.since)}>{brief(one.since)}</time> },
          ...(host ? [{ name: t("Do"), width: 92, align: "end" as const, cell: (one: Winner) => holds(one) && <Button refused={refused("MANAGE_GIVEAWAYS")} onClick={() => { setRerolling(one); }}>{t("Reroll")}</Button> }] : []),
        ]}
      />
      {rerolling !== undefined && <RerollDialog giveaway={giveaway.id} winner={rerolling} onClose={() => { setRerolling(undefined); }} onDone={() => { setRerolling(undefined); onDone(); }} />}
    </Card>
  );
}

/** The viewer's own entry, with what they need to find it in the published list. */
function Held({ id }: { id: string }) {
  const { id: guild } = useGuild();
  const asked = useAsk(RECEIPT, { guild, id });
  const receipt = asked.data?.guild?.giveaways.receipt;
  if (receipt == null) return null;
  return (
    <Card title={t("Your entry")} actions={<Badge tone="good">{t("you are in")}</Badge>}>
      <Facts
        rows={[
          [t("Entry"), number(receipt.entry)],
          [t("Chances"), number(receipt.weight)],
          [t("Your member number"), number(receipt.number)],
          [t("Your salt (tell nobody)"), receipt.salt == null ? t("is being written down; look again in a moment") : <code className="digest">{receipt.salt}</code>],
          [t("Your tag in the list"), receipt.tag == null ? "–" : <code className="digest">{receipt.tag}</code>],
        ]}
      />
    </Card>
  );
}
