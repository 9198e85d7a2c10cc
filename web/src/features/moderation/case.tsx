/** One case: what it is, everything that was said and done about it, what was done elsewhere, and what moderators may do now. */
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useEffect, type ReactNode } from "react";
import { Answered, useAsk } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, moment } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Facts } from "../../ui/card";
import { Empty, Skeleton } from "../../ui/notice";
import { Person } from "../members/person";
import { SmallCases } from "./cases";
import { CaseActs } from "./deeds";
import { Files } from "./files";
import { SaveCase } from "./save-case";
import { Story } from "./story";
import { appealName, By, CASE_LINE, CaseLink, Kind, kindName, ruleName, Standing } from "./words";
import "./moderation.css";

const CASE = graphql(`
  query Case($guild: Snowflake!, $asOf: Moment, $number: Int!) {
    guild(id: $guild, asOf: $asOf) {
      moderation { case(number: $number) { ...CaseLine whole ledBy notes evidence appeals links older newer files { evidence number name bytes outcome address } similar { ...CaseLine } } }
    }
  }
`, [CASE_LINE]);
const OTHERS = graphql(`
  query CasesOfMember($guild: Snowflake!, $asOf: Moment, $user: Snowflake!) {
    guild(id: $guild, asOf: $asOf) { moderation { cases(filter: { user: $user }, first: 6) { nodes { ...CaseLine } } } }
  }
`, [CASE_LINE]);

export type WholeCase = NonNullable<NonNullable<ResultOf<typeof CASE>["guild"]>["moderation"]["case"]>;

export function CasePage() {
  const { number: text } = useParams({ from: "/signed-in/g/$guild/cases/$number" });
  const { id, asOf } = useGuild();
  const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  const asked = useAsk(CASE, { guild: id, asOf, number });
  const found = asked.data?.guild?.moderation.case;
  useTurning(found?.older, found?.newer);
  return (
    <Page
      title={found == null ? t("Case {number}", { number: text }) : t("Case {number}: {kind}", { number: text, kind: kindName(found.kind) })}
      actions={<>{found?.whole === true && <SaveCase one={found} />}<Turn older={found?.older} newer={found?.newer} /></>}
    >
      <Answered asked={asked} waiting={<Skeleton tall />}>{(data) => {
        const one = data.guild?.moderation.case;
        return one == null ? <Nothing /> : <Whole one={one} again={asked.again} />;
      }}</Answered>
    </Page>
  );
}

function Nothing() {
  const { id, may } = useGuild();
  return (
    <Card>
      <Empty icon="gavel" title={t("There is no such case for you")} action={may("VIEW_RECORDS") ? <Link className="button" to="/g/$guild/cases" params={{ guild: id }}>{t("To all cases")}</Link> : <Link className="button" to="/me/appeals">{t("To your own cases")}</Link>}>
        {t("Either there is none with this number, or it is not yours to read.")}
      </Empty>
    </Card>
  );
}

function useGo() {
  const { id, at } = useGuild();
  const navigate = useNavigate();
  return (to: number) => { void navigate({ to: "/g/$guild/cases/$number", params: { guild: id, number: String(to) }, search: at === undefined ? {} : { at } }); };
}

/** j and k, as in lists: to the older one and to the newer one. */
function useTurning(older: number | null | undefined, newer: number | null | undefined) {
  const go = useGo();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement | null;
      if (event.ctrlKey || event.metaKey || event.altKey || target?.closest("input, textarea, select, dialog") != null) return;
      const to = event.key === "j" ? older : event.key === "k" ? newer : undefined;
      if (to != null) go(to);
    };
    addEventListener("keydown", onKey);
    return () => { removeEventListener("keydown", onKey); };
  });
}

function Turn({ older, newer }: { older: number | null | undefined; newer: number | null | undefined }) {
  const go = useGo();
  return (
    <div className="case-turn">
      <Button icon="left" aria-keyshortcuts="j" refused={older == null ? t("There is no older case.") : undefined} onClick={() => { if (older != null) go(older); }}>{t("Older")}</Button>
      <Button icon="right" aria-keyshortcuts="k" refused={newer == null ? t("There is no newer case.") : undefined} onClick={() => { if (newer != null) go(newer); }}>{t("Newer")}</Button>
    </div>
  );
}

function Whole({ one, again }: { one: WholeCase; again: () => void }) {
  return (
    <div className={one.whole ? "two" : "stack"}>
      <div className="stack">
        <Head one={one} />
        {one.whole ? <Story number={one.number} /> : <Card><Empty icon="shield" title={t("This is your case")} action={<Link className="button" to="/me/appeals">{t("To your appeals")}</Link>}>{t("You see what is held against you, not what moderators wrote about it. You can appeal.")}</Empty></Card>}
      </div>
      {one.whole && (
        <div className="stack">
          <CaseActs one={one} again={again} />
          <Files files={one.files} />
          {one.person.userId != null && <OfMember user={one.person.userId} but={one.number} />}
          {one.similar.length > 0 && <Card flush title={t("Similar cases")} note={t("of the same kind")}><SmallCases cases={one.similar} /></Card>}
        </div>
      )}
    </div>
  );
}

function Head({ one }: { one: WholeCase }) {
  const rows: [string, ReactNode][] = [
    [t("Member"), <Person key="member" person={one.person} />],
    [t("By"), <By key="by" by={one.by ?? null} />],
    [t("When"), <time key="when" dateTime={one.at} title={moment(one.at)}>{moment(one.at)} <span className="muted">({ago(one.at)})</span></time>],
  ];
  if (one.until != null) rows.push([one.kind === "WARNING" ? t("Counts until") : t("Ends"), <time key="until" dateTime={one.until}>{moment(one.until)} <span className="muted">({ago(one.until)})</span></time>]);
  else if (one.standing === "in_force") rows.push([t("Ends"), t("never, it is for good")]);
  if (one.origin !== "order") rows.push([t("Came about"), <Origin key="origin" one={one} />]);
  if (one.links.length > 0) rows.push([t("Belongs to"), <span key="links" className="row">{one.links.map((link) => <CaseLink key={link} number={link} />)}</span>]);
  if (one.failure != null) rows.push([t("Why it failed"), <span key="failure" className="bad">{one.failure}</span>]);
  return (
    <Card>
      <div className="case-head">
        <div className="case-title">
          <Kind kind={one.kind} severity={one.severity ?? null} />
          <Standing standing={one.standing} active={one.active} status={one.status} />
          {one.appeal != null && <Badge tone={one.appeal === "open" ? "accent" : "plain"}>{appealName(one.appeal)}</Badge>}
          {one.hidden && <Badge>{t("hidden")}</Badge>}
        </div>
        <blockquote className="quote">{one.reason ?? <span className="muted">{t("No reason was written, or it was erased.")}</span>}</blockquote>
        <Facts rows={rows} />
      </div>
    </Card>
  );
}

function Origin({ one }: { one: WholeCase }) {
  if (one.origin === "ladder") return <span>{ruleName("ladder")}{one.ledBy != null && <> {t("after warning")} <CaseLink number={one.ledBy} /></>}</span>;
  return <span>{one.origin === "batch" ? t("with many others at once") : t("by hand in Discord")}</span>;
}

function OfMember({ user, but }: { user: string; but: number }) {
  const { id, asOf } = useGuild();
  const asked = useAsk(OTHERS, { guild: id, asOf, user });
  const others = (asked.data?.guild?.moderation.cases.nodes ?? []).filter((one) => one.number !== but).slice(0, 5);
  if (others.length === 0) return null;
  return (
    <Card flush title={t("Their other cases")} actions={<Link className="small" to="/g/$guild/cases" params={{ guild: id }} search={{ user }}>{t("All of them")}</Link>}>
      <SmallCases cases={others.map((one) => ({ ...one, person: null }))} />
    </Card>
  );
}
