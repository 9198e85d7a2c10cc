/** Where most goes on, and what rises: channels and members beside what they were in the time before. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { number, percent } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Card } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { Segments } from "../../ui/segments";
import { NameOf, nameOf, type Channels } from "./names";
import { MOVERS } from "./queries";
import type { Range } from "./range";

export function Movers({ range, channels }: { range: Range["asked"]; channels: Channels }) {
  return (
    <div className="halves">
      <Mover title={t("Channels")} split="CHANNEL" range={range} channels={channels} />
      <Mover title={t("Members")} split="MEMBER" range={range} channels={channels} />
    </div>
  );
}

function Mover({ title, split, range, channels }: { title: string; split: "CHANNEL" | "MEMBER"; range: Range["asked"]; channels: Channels }) {
  const { id, at, asOf } = useGuild();
  const [order, setOrder] = useState<"most" | "rising">("most");
  const asked = useAsk(MOVERS, { guild: id, asOf, metric: "MESSAGES", split, rising: order === "rising", range }, { keep: true });
  return (
    <Card title={title} note={t("by messages")} actions={<Segments label={t("Order")} value={order} choices={[{ value: "most", label: t("Most") }, { value: "rising", label: t("Rising") }]} onChange={setOrder} />}>
      <Answered asked={asked}>{(data) => {
        const lines = data.guild?.activity.most ?? [];
        if (lines.length === 0) return <Empty icon="chart" title={t("Nothing in this time")}>{order === "rising" ? t("Nothing is more than it was before.") : t("They appear here with the first message.")}</Empty>;
        const most = Math.max(1, ...lines.map((line) => Number(line.now)));
        return (
          <ol className="movers">
            {lines.map((line) => {
              const change = Number(line.before) === 0 ? null : (Number(line.now) - Number(line.before)) / Number(line.before);
              return (
                <li key={line.of.channel ?? line.of.word ?? String(line.of.person?.number)}>
                  <span className="movers-name">
                    {line.of.channel == null ? <NameOf of={line.of} channels={channels} /> : <Link className="plain-link cut" to="/g/$guild/analytics" params={{ guild: id }} search={{ ...(at === undefined ? {} : { at }), channel: line.of.channel }}>{nameOf(line.of, channels)}</Link>}
                  </span>
                  <strong className="num">{number(line.now)}</strong>
                  <span className={`small num movers-change ${change === null ? "muted" : change >= 0 ? "good" : "bad"}`}>{change === null ? t("new") : percent(change)}</span>
                  <span className="share"><span style={{ width: `${String(Math.max(1, (Number(line.now) / most) * 100))}%` }} /></span>
                </li>
              );
            })}
          </ol>
        );
      }}</Answered>
    </Card>
  );
}
