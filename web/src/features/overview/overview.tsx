/** A community at a glance: what went on beside the time before, what happened lately, and who stands where. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo } from "react";
import { Answered, useAsk } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { compact, inZone, number, percent } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Card, Figure, Figures } from "../../ui/card";
import { Chart, Sparkline } from "../../ui/chart";
import { Empty, Skeleton } from "../../ui/notice";
import { Segments } from "../../ui/segments";
import { bandsOf } from "../activity/gaps";
import { goodWhen, metricName, type Metric } from "../activity/metrics";
import { Recent } from "../audit/recent";
import { Person } from "../members/person";
import { growth, readDays, RANGES } from "./growth";
import "../economy/economy.css";

const GLANCE = graphql(`
  query Glance($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) {
      memberCount
      economy { currency supply holders board(first: 5) { place person { number userId name avatarUrl } amount } }
    }
  }
`);
const PULSE = graphql(`
  query Pulse($guild: Snowflake!, $asOf: Moment, $range: DayRange) {
    guild(id: $guild, asOf: $asOf) {
      activity {
        timeZone
        gaps(range: $range) { from until recovered { unread cut } }
        messages: series(metric: MESSAGES, range: $range) { starts values sum sumBefore }
        active: series(metric: ACTIVE, range: $range) { values sum sumBefore }
        voice: series(metric: VOICE_MINUTES, range: $range) { values sum sumBefore }
        growth: series(metric: GROWTH, range: $range) { values sum sumBefore }
        cases: series(metric: CASES, range: $range) { values sum sumBefore }
        supply: series(metric: SUPPLY, range: $range) { values sum sumBefore }
      }
    }
  }
`);

type Pulse = NonNullable<ResultOf<typeof PULSE>["guild"]>["activity"];
type Told = Pulse["active"];

export function Overview() {
  const { id, name, asOf, may } = useGuild();
  const { days: said } = useSearch({ from: "/signed-in/g/$guild/overview" });
  const navigate = useNavigate({ from: "/g/$guild/overview" });
  const days = readDays(said);
  const glance = useAsk(GLANCE, { guild: id, asOf });
  const seesNumbers = may("VIEW_ANALYTICS", "VIEW_RECORDS");
  const pulse = useAsk(PULSE, { guild: id, asOf, range: { days } }, { pause: !seesNumbers, keep: true });
  return (
    <Page
      title={t("Overview")}
      about={name}
      actions={seesNumbers && <Segments label={t("Range")} value={String(days)} choices={RANGES.map((one) => ({ value: one, label: t("{days} d", { days: one }) }))} onChange={(value) => { void navigate({ search: (before) => ({ ...before, days: value }), replace: true }); }} />}
    >
      {seesNumbers && (
        <Answered asked={pulse} waiting={<Card><Skeleton tall /></Card>}>{(data) => data.guild != null && <Numbers pulse={data.guild.activity} days={days} />}</Answered>
      )}
      <Answered asked={glance}>{(data) => data.guild != null && (
        <Figures>
          <Figure name={t("Members")} value={compact(data.guild.memberCount)} note={t("in Discord now")} />
          <Figure name={t("{currency} in all", { currency: data.guild.economy.currency })} value={compact(data.guild.economy.supply)} {...supplyNote(pulse.data?.guild?.activity.supply, days)} />
          <Figure name={t("Members with a balance")} value={compact(data.guild.economy.holders)} note={t("also who has left")} />
        </Figures>
      )}</Answered>
      <div className="two">
        {may("VIEW_AUDIT") ? <Recent /> : <Top asked={glance} />}
        {may("VIEW_AUDIT") && <Top asked={glance} />}
      </div>
    </Page>
  );
}

function Numbers({ pulse, days }: { pulse: Pulse; days: number }) {
  const { id, at } = useGuild();
  const drawn = useMemo(() => ({
    times: pulse.messages.starts.map((start) => Date.parse(start) / 1000),
    series: [
      { name: t("Messages"), values: pulse.messages.values.map(Number) },
      { name: t("Active members"), values: pulse.active.values.map(Number) },
      { name: t("Minutes in voice"), values: pulse.voice.values.map(Number) },
    ],
    bands: bandsOf(pulse.gaps),
  }), [pulse]);
  const quiet = Number(pulse.messages.sum) === 0 && Number(pulse.active.sum) === 0;
  return (
    <>
      <Figures>
        <Counted metric="MESSAGES" told={pulse.messages} days={days} />
        <Counted metric="ACTIVE" told={pulse.active} days={days} />
        <Counted metric="VOICE_MINUTES" told={pulse.voice} days={days} />
        <Counted metric="GROWTH" told={pulse.growth} days={days} />
        <Counted metric="CASES" told={pulse.cases} days={days} />
      </Figures>
      <Chart
        title={t("What went on")}
        note={<Link className="small" to="/g/$guild/analytics" params={{ guild: id }} search={{ ...(at === undefined ? {} : { at }), days: String(days) }}>{t("Look closer")}</Link>}
        {...drawn}
        zone={pulse.timeZone}
        called={(time) => inZone(time * 1000, pulse.timeZone, "DAY")}
        nothing={quiet ? <Empty icon="chart" title={t("Nothing went on in this time")}>{t("Lines appear here as members write, speak and use commands.")}</Empty> : undefined}
      />
    </>
  );
}

/** Below what there is: how much more that is than before, where it may be known. */
function supplyNote(supply: Told | undefined, days: number) {
  const change = supply === undefined ? null : growth(supply.sum, supply.sumBefore);
  if (supply === undefined || change === null) return { note: t("all balances together") };
  return { note: t("{change} to the {days} days before", { change: percent(change), days }), aside: <Sparkline values={supply.values.map(Number)} /> };
}

function Counted({ metric, told, days }: { metric: Metric; told: Told; days: number }) {
  const change = growth(told.sum, told.sumBefore);
  const good = goodWhen(metric);
  const tone = change === null || change === 0 || good === undefined ? undefined : (change > 0) === (good === "more") ? "good" : "bad";
  return <Figure name={metricName(metric)} value={compact(told.sum)} note={change === null ? t("in {days} days", { days }) : t("{change} to the {days} days before", { change: percent(change), days })} {...(tone === undefined ? {} : { tone })} aside={<Sparkline values={told.values.map(Number)} />} />;
}

function Top({ asked }: { asked: ReturnType<typeof useAsk<ResultOf<typeof GLANCE>, { guild: string }>> }) {
  const { id } = useGuild();
  return (
    <Card title={t("The most bytes")} actions={<Link to="/g/$guild/leaderboard" params={{ guild: id }} className="small">{t("All")}</Link>}>
      <Answered asked={asked}>{(data) => {
        const lines = data.guild?.economy.board ?? [];
        if (lines.length === 0) return <Empty icon="board" title={t("Nobody yet")}>{t("Members appear here with their first {currency}. /daily in Discord gives some.", { currency: data.guild?.economy.currency ?? "" })}</Empty>;
        return (
          <ol className="stack">
            {lines.map((line) => (
              <li key={line.person.number} className="row">
                <span className={`place place-${String(line.place)}`}>{line.place}</span>
                <span className="grow"><Person person={line.person} /></span>
                <strong className="num">{number(line.amount)}</strong>
              </li>
            ))}
          </ol>
        );
      }}</Answered>
    </Card>
  );
}
