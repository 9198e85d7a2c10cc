/** Who stays: of those who came in one week, how many were there in the weeks after it. */
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { day, number, share } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { Empty } from "../../ui/notice";
import { shade } from "./heatmap";
import { STAYED } from "./queries";

export function Cohorts() {
  const { id, asOf } = useGuild();
  const asked = useAsk(STAYED, { guild: id, asOf });
  const lines = asked.data?.guild?.activity.cohorts ?? [];
  const weeks = Math.max(0, ...lines.map((line) => line.stayed.length));
  return (
    <Card
      flush
      title={t("Who stays")}
      note={t("of those who came in one week, who did something in the weeks after")}
      actions={lines.length > 0 && <Button icon="out" onClick={() => { save("cohorts.csv", csv(["week", "came", ...Array.from({ length: weeks }, (_, week) => `week_${String(week + 1)}`)], lines.map((line) => [line.week, line.came, ...line.stayed]))); }}>{t("Save as CSV")}</Button>}
    >
      <Answered asked={asked}>{() => lines.length === 0 || weeks === 0 ? <Empty icon="people" title={t("Nobody was seen coming yet")}>{t("Members who join appear here by week. The bot sees joins with discord.member_events.")}</Empty> : (
        <div className="table-frame" role="group" aria-label={t("Who stays")} tabIndex={0}>
          <table className="table cohorts">
            <thead>
              <tr>
                <th scope="col">{t("Week from")}</th>
                <th scope="col" className="at-end">{t("Came")}</th>
                {Array.from({ length: weeks }, (_, week) => <th key={week} scope="col" className="at-end">{t("week {n}", { n: week + 1 })}</th>)}
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.week}>
                  <th scope="row">{day(line.week)}</th>
                  <td className="at-end">{number(line.came)}</td>
                  {Array.from({ length: weeks }, (_, week) => {
                    const stayed = line.stayed[week];
                    if (stayed === undefined) return <td key={week} />;
                    const part = Number(stayed) / Math.max(1, Number(line.came));
                    return <td key={week} className={`at-end cohort-cell heat-${String(shade(part, 1))}`} title={number(stayed)}>{share(part)}</td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}</Answered>
    </Card>
  );
}
