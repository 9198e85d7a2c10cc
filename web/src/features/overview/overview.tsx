/** A community at a glance: its bytes, what moved lately, and who stands where. */
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { Answered, useAsk } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { compact, number, percent } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Card, Figure, Figures } from "../../ui/card";
import { Chart, Sparkline } from "../../ui/chart";
import { Empty } from "../../ui/notice";
import { Recent } from "../audit/recent";
import { Person } from "../members/person";
import { growth, series } from "./growth";
import "../economy/economy.css";

const GLANCE = graphql(`
  query Glance($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) {
      memberCount
      economy { currency supply holders board(first: 5) { place person { number userId name avatarUrl } amount } }
    }
  }
`);
const CURVES = graphql(`
  query Curves($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) {
      economy { supplyByDay(days: 90) { day supply } flow { day kind count amount } }
    }
  }
`);

type Curves = NonNullable<ResultOf<typeof CURVES>["guild"]>["economy"];

export function Overview() {
  const { id, name, asOf, may } = useGuild();
  const glance = useAsk(GLANCE, { guild: id, asOf });
  const seesCurves = may("VIEW_ANALYTICS", "MANAGE_ECONOMY");
  const curves = useAsk(CURVES, { guild: id, asOf }, { pause: !seesCurves });
  const economy = curves.data?.guild?.economy;
  return (
    <Page title={t("Overview")} about={name}>
      <Answered asked={glance}>{(data) => data.guild != null && (
        <Figures>
          <Figure name={t("Members")} value={compact(data.guild.memberCount)} note={t("in Discord now")} />
          <Figure name={t("{currency} in all", { currency: data.guild.economy.currency })} value={compact(data.guild.economy.supply)} {...supplyNote(economy)} aside={economy !== undefined && <Sparkline values={economy.supplyByDay.slice(-30).map((line) => Number(line.supply))} />} />
          <Figure name={t("Members with a balance")} value={compact(data.guild.economy.holders)} note={t("{share} of all members", { share: percent(Number(data.guild.economy.holders) / Math.max(1, data.guild.memberCount)).replace("+", "") })} />
          {economy !== undefined && <MovementFigures economy={economy} />}
        </Figures>
      )}</Answered>
      {seesCurves && <Answered asked={curves}>{(data) => data.guild != null && <Supply economy={data.guild.economy} />}</Answered>}
      <div className="two">
        {may("VIEW_AUDIT") ? <Recent /> : <Top asked={glance} />}
        {may("VIEW_AUDIT") && <Top asked={glance} />}
      </div>
    </Page>
  );
}

function supplyNote(economy: Curves | undefined): { note?: string; tone?: "good" | "bad" } {
  const change = economy === undefined ? null : growth(economy.supplyByDay.map((line) => Number(line.supply)), 30);
  return change === null ? {} : { note: t("{change} in 30 days", { change: percent(change) }), tone: change < 0 ? "bad" : "good" };
}

function MovementFigures({ economy }: { economy: Curves }) {
  const total = (kind: string, what: "count" | "amount") => economy.flow.filter((line) => line.kind === kind).reduce((sum, line) => sum + Number(line[what]), 0);
  return (
    <>
      <Figure name={t("Transfers, 30 days")} value={compact(total("transfer", "count"))} note={t("{amount} moved", { amount: compact(total("transfer", "amount")) })} aside={<Sparkline values={series(economy.flow, "transfer")} />} />
      <Figure name={t("Daily rewards, 30 days")} value={compact(total("daily", "count"))} note={t("{amount} given", { amount: compact(total("daily", "amount")) })} aside={<Sparkline values={series(economy.flow, "daily")} />} />
    </>
  );
}

function Supply({ economy }: { economy: Curves }) {
  const drawn = useMemo(() => ({
    times: economy.supplyByDay.map((line) => Date.parse(`${line.day}T00:00:00Z`) / 1000),
    series: [{ name: t("All bytes"), values: economy.supplyByDay.map((line) => Number(line.supply)) }],
  }), [economy.supplyByDay]);
  return <Chart title={t("Supply over time")} note={t("at the end of each day, 90 days")} {...drawn} />;
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
