/** Members: those who have bytes, and anybody by their Discord id. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, type SubmitEvent } from "react";
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { SearchInput } from "../../ui/field";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Person, personName } from "./person";

const MEMBERS = graphql(`
  query Members($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) {
      memberCount
      economy { currency holders board(first: 100) { place person { number userId name avatarUrl } amount } }
    }
  }
`);

export function Members() {
  const { id, asOf, at } = useGuild();
  const { q = "" } = useSearch({ from: "/signed-in/g/$guild/members" });
  const navigate = useNavigate({ from: "/g/$guild/members" });
  const asked = useAsk(MEMBERS, { guild: id, asOf });
  const isId = /^\d{15,20}$/.test(q.trim());
  const go = (member: string) => { void navigate({ to: "/g/$guild/members/$member", params: { guild: id, member }, search: at === undefined ? {} : { at } }); };
  function submit(event: SubmitEvent) {
    event.preventDefault();
    if (isId) go(q.trim());
  }
  return (
    <Page title={t("Members")} about={t("The hundred members with the most bytes; anybody else by their Discord id.")}>
      <Card
        flush
        title={t("Members")}
        actions={
          <form className="row" onSubmit={submit}>
            <SearchInput label={t("Name or Discord id")} placeholder={t("Name or Discord id")} value={q} onChange={(event) => { void navigate({ search: (before) => ({ ...before, q: event.target.value === "" ? undefined : event.target.value }) as typeof before, replace: true }); }} />
            {isId && <Button type="submit" look="main">{t("Open")}</Button>}
          </form>
        }
      >
        <Answered asked={asked}>{(data) => <List lines={data.guild?.economy.board ?? []} q={q} go={go} currency={data.guild?.economy.currency ?? ""} />}</Answered>
      </Card>
    </Page>
  );
}

type Line = { place: number; person: { number: number; userId?: string | null; name?: string | null; avatarUrl?: string | null }; amount: string };

function List({ lines, q, go, currency }: { lines: Line[]; q: string; go: (member: string) => void; currency: string }) {
  const found = useMemo(() => {
    const wanted = q.trim().toLocaleLowerCase();
    return lines.filter((line) => personName(line.person).toLocaleLowerCase().includes(wanted) || line.person.userId === wanted);
  }, [lines, q]);
  if (lines.length === 0) return <Empty icon="people" title={t("Nobody yet")}>{t("Members appear here with their first {currency}. /daily in Discord gives some.", { currency })}</Empty>;
  if (found.length === 0) return <Empty icon="search" title={t("Nobody of these is called so")}>{t("Type a whole Discord id to open anybody.")}</Empty>;
  return (
    <Table
      label={t("Members")}
      rows={found}
      rowKey={(line) => String(line.person.number)}
      onOpen={(line) => { if (line.person.userId != null) go(line.person.userId); }}
      columns={[
        { name: t("Member"), cell: (line) => <Person person={line.person} /> },
        { name: t("Discord id"), width: 200, from: "medium", cell: (line) => <code className="muted">{line.person.userId ?? "–"}</code> },
        { name: t("Number here"), width: 120, align: "end", from: "wide", cell: (line) => number(line.person.number) },
        { name: t("Place"), width: 76, align: "end", cell: (line) => number(line.place) },
        { name: currency === "" ? t("Amount") : currency, width: 120, align: "end", cell: (line) => <strong className="num">{number(line.amount)}</strong> },
      ]}
    />
  );
}
