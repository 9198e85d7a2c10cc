/** Who has most, and who gained most this week or in one that has passed. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Answered, useAsk } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { day, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { Segments } from "../../ui/segments";
import { Table } from "../../ui/table";
import { Person } from "../members/person";
import "./economy.css";

const BOARD = graphql(`
  query Leaderboard($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) {
      economy { currency supply board(first: 100) { place person { number userId name avatarUrl } amount } }
    }
  }
`);
const WEEK = graphql(`
  query WeeklyBoard($guild: Snowflake!, $asOf: Moment, $weeksAgo: Int!) {
    guild(id: $guild, asOf: $asOf) {
      economy { currency week(weeksAgo: $weeksAgo, first: 100) { week lines { place person { number userId name avatarUrl } amount } } }
    }
  }
`);

type Line = NonNullable<ResultOf<typeof BOARD>["guild"]>["economy"]["board"][number];

/** `board=all`, or the number of weeks back. */
export function readBoard(board: string | undefined): { all: true } | { all: false; weeksAgo: number } {
  const weeks = Number(board);
  return board !== undefined && /^\d{1,3}$/.test(board) && weeks <= 520 ? { all: false, weeksAgo: weeks } : { all: true };
}

export function Leaderboard() {
  const search = useSearch({ from: "/signed-in/g/$guild/leaderboard" });
  const navigate = useNavigate({ from: "/g/$guild/leaderboard" });
  const board = readBoard(search.board);
  const show = (value: string | undefined) => { void navigate({ search: (before) => ({ ...before, board: value }) as typeof before, replace: true }); };
  return (
    <Page
      title={t("Leaderboard")}
      actions={<Segments label={t("Board")} value={board.all ? "all" : "week"} choices={[{ value: "all", label: t("Balance") }, { value: "week", label: t("Gained in a week") }]} onChange={(value) => { show(value === "all" ? undefined : "0"); }} />}
    >
      {board.all ? <Richest /> : <Week weeksAgo={board.weeksAgo} show={(weeks) => { show(String(weeks)); }} />}
    </Page>
  );
}

function Richest() {
  const { id, asOf } = useGuild();
  const asked = useAsk(BOARD, { guild: id, asOf });
  return (
    <Card title={t("The most bytes")} flush>
      <Answered asked={asked}>{(data) => <Lines lines={data.guild?.economy.board ?? []} currency={data.guild?.economy.currency ?? ""} supply={data.guild?.economy.supply} />}</Answered>
    </Card>
  );
}

function Week({ weeksAgo, show }: { weeksAgo: number; show: (weeks: number) => void }) {
  const { id, asOf } = useGuild();
  const asked = useAsk(WEEK, { guild: id, asOf, weeksAgo });
  const week = asked.data?.guild?.economy.week.week;
  return (
    <Card
      title={week === undefined ? t("A week") : t("The week from {day}", { day: day(week) })}
      flush
      actions={
        <>
          <Button icon="left" onClick={() => { show(weeksAgo + 1); }}>{t("Earlier")}</Button>
          <Button icon="right" refused={weeksAgo === 0 ? t("This is the week at hand.") : undefined} onClick={() => { show(weeksAgo - 1); }}>{t("Later")}</Button>
        </>
      }
    >
      <Answered asked={asked}>{(data) => <Lines lines={data.guild?.economy.week.lines ?? []} currency={data.guild?.economy.currency ?? ""} />}</Answered>
    </Card>
  );
}

function Lines({ lines, currency, supply }: { lines: Line[]; currency: string; supply?: string | undefined }) {
  if (lines.length === 0) return <Empty icon="board" title={t("Nobody yet")}>{t("Members appear here with their first {currency}. /daily in Discord gives some.", { currency })}</Empty>;
  const top = Number(lines[0]?.amount ?? 1) || 1;
  return (
    <Table
      label={t("Leaderboard")}
      rows={lines}
      rowKey={(line) => String(line.person.number)}
      columns={[
        { name: t("Place"), width: 76, cell: (line) => <span className={`place place-${String(line.place)}`}>{line.place}</span> },
        { name: t("Member"), cell: (line) => <Person person={line.person} /> },
        { name: t("Compared with the first"), from: "medium", cell: (line) => <span className="share"><span style={{ width: `${String(Math.max(1, (Number(line.amount) / top) * 100))}%` }} /></span> },
        ...(supply === undefined ? [] : [{ name: t("Share of all"), width: 120, align: "end" as const, from: "wide" as const, cell: (line: Line) => `${((Number(line.amount) / (Number(supply) || 1)) * 100).toFixed(1)} %` }]),
        { name: currency === "" ? t("Amount") : currency, width: 130, align: "end", cell: (line) => <strong className="num">{number(line.amount)}</strong> },
      ]}
    />
  );
}
