/** From those who entered to those who claimed, with the reasons why some are out. */
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Badge } from "../../ui/badge";
import { Card } from "../../ui/card";
import { funnelOf } from "./funnel-of";
import { STANDINGS } from "./queries";
import { standingName, standingTone } from "./words";

export function Funnel({ id }: { id: string }) {
  const { id: guild, asOf } = useGuild();
  const asked = useAsk(STANDINGS, { guild, asOf, id });
  return (
    <Card title={t("From entry to claim")}>
      <Answered asked={asked}>{(data) => {
        const funnel = funnelOf(data.guild?.giveaways.standings ?? []);
        if (funnel.entered === 0) return <p className="muted">{t("Nobody has entered yet.")}</p>;
        const step = (name: string, count: number, tone = "") => (
          <div className="funnel-step" key={name}>
            <span>{name}</span>
            <span className={`funnel-bar ${tone}`} aria-hidden="true">{count > 0 && <span style={{ width: `${String((count / funnel.entered) * 100)}%` }} />}</span>
            <strong>{number(count)}</strong>
          </div>
        );
        return (
          <div className="funnel">
            {step(t("Entered"), funnel.entered)}
            {step(t("Could be drawn"), funnel.eligible)}
            {step(t("Were drawn"), funnel.drawn, "funnel-warn")}
            {step(t("Won"), funnel.won, "funnel-good")}
            {funnel.reasons.length > 0 && <div className="funnel-why">{funnel.reasons.map((reason) => <Badge key={reason.standing} tone={standingTone(reason.standing)}>{standingName(reason.standing)}: {number(reason.count)}</Badge>)}</div>}
          </div>
        );
      }}</Answered>
    </Card>
  );
}
