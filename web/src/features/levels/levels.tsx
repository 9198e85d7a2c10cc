/** Levels: who has most experience, of all time or of a day, week or month; what a level takes, and what it brings. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Answered, Failed, useAsk, useList } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { day, number, span } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { useOwnId } from "../../session/session";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card, Facts, Figure, Figures } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { Empty, Skeleton } from "../../ui/notice";
import { Segments } from "../../ui/segments";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { Person } from "../members/person";
import "../economy/economy.css";
import "./levels.css";

const BOARD = graphql(`
  query LevelBoard($guild: Snowflake!, $asOf: Moment, $period: LevelPeriod, $ago: Int!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      levels {
        board(period: $period, ago: $ago, first: 50, after: $after) {
          start
          lines { edges { node { place xp level person { number userId name avatarUrl } } } pageInfo { hasNextPage endCursor } }
        }
      }
    }
  }
`);
const PERIOD_START = graphql(`
  query LevelPeriodStart($guild: Snowflake!, $asOf: Moment, $period: LevelPeriod, $ago: Int!) {
    guild(id: $guild, asOf: $asOf) { levels { board(period: $period, ago: $ago, first: 1) { start } } }
  }
`);
const RULES = graphql(`
  query LevelRules($guild: Snowflake!, $asOf: Moment, $user: Snowflake!) {
    guild(id: $guild, asOf: $asOf) {
      roles { id name }
      levels { member(user: $user) { place of xp level into step } earning { textMin textMax cooldownSecs voiceXp percent } rewards { level role } curve(levels: 100) { level step sum } }
    }
  }
`);

type Rules = NonNullable<ResultOf<typeof RULES>["guild"]>;
const PERIODS = ["DAY", "WEEK", "MONTH"] as const;
type Period = (typeof PERIODS)[number];

/** `board=week`, and how many weeks ago. */
export function readPeriod(board: string | undefined, ago: string | undefined): { period: Period | null; ago: number } {
  const period = PERIODS.find((one) => one.toLowerCase() === board) ?? null;
  const back = Number(ago);
  return { period, ago: period !== null && ago !== undefined && /^\d{1,3}$/.test(ago) && back <= 520 ? back : 0 };
}

export function Levels() {
  const search = useSearch({ from: "/signed-in/g/$guild/levels" });
  const navigate = useNavigate({ from: "/g/$guild/levels" });
  const { period, ago } = readPeriod(search.board, search.ago);
  const show = (board: string | undefined, back: number) => { void navigate({ search: (before) => ({ ...before, board, ago: back === 0 ? undefined : String(back) }) as typeof before, replace: true }); };
  const { id, asOf } = useGuild();
  const ownId = useOwnId();
  const rules = useAsk(RULES, { guild: id, asOf, user: ownId });
  return (
    <Page
      title={t("Levels")}
      about={t("Experience for writing and for being together in voice.")}
      actions={<Segments label={t("Board")} value={period ?? "ALL"} choices={[{ value: "ALL" as const, label: t("All time") }, { value: "DAY" as const, label: t("Day") }, { value: "WEEK" as const, label: t("Week") }, { value: "MONTH" as const, label: t("Month") }]} onChange={(value) => { show(value === "ALL" ? undefined : value.toLowerCase(), 0); }} />}
    >
      {rules.data?.guild?.levels.member != null && <Mine rank={rules.data.guild.levels.member} />}
      <div className="two">
        <Board period={period} ago={ago} show={(back) => { show(period?.toLowerCase(), back); }} />
        <Answered asked={rules} waiting={<Card><Skeleton lines={6} /></Card>}>{(data) => data.guild != null && <div className="stack"><Earning rules={data.guild} /><Rewards rules={data.guild} /><Curve rules={data.guild} /></div>}</Answered>
      </div>
    </Page>
  );
}

function Mine({ rank }: { rank: NonNullable<Rules["levels"]["member"]> }) {
  if (rank.place == null) return null;
  const part = Number(rank.into) / Math.max(1, Number(rank.step));
  return (
    <Figures>
      <Figure name={t("Your level")} value={rank.level} note={t("place {place} of {of}", { place: number(rank.place), of: number(rank.of) })} />
      <Figure name={t("Your XP")} value={number(rank.xp)} note={t("ever")} />
      <Figure name={t("To the next level")} value={number(Number(rank.step) - Number(rank.into))} note={<span className="share"><span style={{ width: `${String(Math.min(100, part * 100))}%` }} /></span>} />
    </Figures>
  );
}

function Board({ period, ago, show }: { period: Period | null; ago: number; show: (ago: number) => void }) {
  const { id, asOf, may } = useGuild();
  const list = useList(BOARD, { guild: id, asOf, period, ago }, (data) => data.guild?.levels.board.lines, (line) => line.place);
  const start = useAsk(PERIOD_START, { guild: id, asOf, period, ago }, { pause: period === null }).data?.guild?.levels.board.start;
  const title = period === null ? t("The most XP") : start == null ? t("Earned") : period === "DAY" ? t("Earned on {day}", { day: day(start) }) : period === "WEEK" ? t("Earned in the week from {day}", { day: day(start) }) : t("Earned in the month from {day}", { day: day(start) });
  const top = Number(list.rows[0]?.xp ?? 1) || 1;
  return (
    <Card
      title={title}
      note={period === null ? undefined : t("days of UTC")}
      flush
      actions={period !== null && (
        <>
          <Button icon="left" onClick={() => { show(ago + 1); }}>{t("Earlier")}</Button>
          <Button icon="right" refused={ago === 0 ? t("This is the one at hand.") : undefined} onClick={() => { show(ago - 1); }}>{t("Later")}</Button>
        </>
      )}
    >
      {list.trouble !== undefined ? <Failed trouble={list.trouble} again={list.again} /> : list.loading ? <Skeleton lines={8} /> : list.rows.length === 0 ? <Empty icon="board" title={t("Nobody yet")}>{t("Members appear here with the first XP they earn, by writing or in voice.")}</Empty> : (
        <>
          <ExportBar count={list.rows.length} onSave={() => { save("levels.csv", csv(["place", "member_id", "member", "xp", "level"], list.rows.map((line) => [line.place, line.person.userId, line.person.name, line.xp, line.level]))); }}>{period === null && may("VIEW_ANALYTICS", "VIEW_RECORDS") && <Whole list="levels" />}</ExportBar>
          {period === null && asOf === null && may("MANAGE_SETTINGS", "VIEW_RECORDS", "VIEW_ANALYTICS") && (
            <p className="levels-files small muted">{t("To import elsewhere:")} <a href={`/g/${id}/levels/export.csv`} download>CSV</a> · <a href={`/g/${id}/levels/export.json`} download>JSON</a></p>
          )}
          <Table
            label={title}
            rows={list.rows}
            rowKey={(line) => line.place}
            more={list.more}
            columns={[
              { name: t("Place"), width: 72, cell: (line) => <span className={`place place-${line.place}`}>{line.place}</span> },
              { name: t("Member"), cell: (line) => <Person person={line.person} /> },
              { name: t("Compared with the first"), from: "wide", cell: (line) => <span className="share"><span style={{ width: `${String(Math.max(1, (Number(line.xp) / top) * 100))}%` }} /></span> },
              ...(period === null ? [{ name: t("Level"), width: 74, align: "end" as const, cell: (line: { level?: number | null }) => line.level ?? "–" }] : []),
              { name: t("XP"), width: 104, align: "end", cell: (line) => <strong className="num">{number(line.xp)}</strong> },
            ]}
          />
        </>
      )}
    </Card>
  );
}

function Earning({ rules }: { rules: Rules }) {
  const { earning } = rules.levels;
  const rows: [string, string][] = [
    [t("A message"), earning.textMin === earning.textMax ? t("{n} XP", { n: number(earning.textMin) }) : t("{least} to {most} XP", { least: number(earning.textMin), most: number(earning.textMax) })],
    [t("Again after"), span(earning.cooldownSecs)],
    [t("A minute in voice"), earning.voiceXp === 0 ? t("nothing") : t("{n} XP", { n: number(earning.voiceXp) })],
  ];
  if (earning.percent !== 100) rows.push([t("Everything"), t("× {percent} %", { percent: earning.percent })]);
  return <Card title={t("What earns XP")}><Facts rows={rows} /></Card>;
}

function Rewards({ rules }: { rules: Rules }) {
  const { rewards } = rules.levels;
  return (
    <Card title={t("Roles for levels")}>
      {rewards.length === 0 ? <p className="muted">{t("No level brings a role here yet.")}</p> : <Facts rows={rewards.map((reward) => [t("Level {level}", { level: reward.level }), rules.roles.find((role) => role.id === reward.role)?.name ?? t("a role that is gone ({id})", { id: reward.role })])} />}
    </Card>
  );
}

/** A few levels say enough; the table has them all. */
const SHOWN = [1, 2, 5, 10, 20, 30, 50, 75, 100];

function Curve({ rules }: { rules: Rules }) {
  const steps = rules.levels.curve;
  const most = Number(steps.at(-1)?.sum ?? 1) || 1;
  return (
    <Card title={t("What a level takes")}>
      <ol className="curve">
        {steps.filter((step) => SHOWN.includes(step.level)).map((step) => (
          <li key={step.level}>
            <span>{t("Level {level}", { level: step.level })}</span>
            <span className="share"><span style={{ width: `${String(Math.max(0.5, (Number(step.sum) / most) * 100))}%` }} /></span>
            <span className="num muted">{t("{n} XP", { n: number(step.sum) })}</span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
