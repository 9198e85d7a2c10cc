/** Everything that happened in a giveaway but the coming of entrants, oldest first. */
import { Failed, useList } from "../../api/ask";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Empty, Skeleton } from "../../ui/notice";
import { Timeline, type Step } from "../../ui/timeline";
import { Person, type PersonLine } from "../members/person";
import { STEPS } from "./queries";
import { drawnFor, standingName, stepName, stepTone } from "./words";

type Line = { seq: string; at: string; what: string; entry: number | null; why: string | null; number: string | null; reason: string | null; person: PersonLine | null; by: PersonLine | null };

export function Steps({ id }: { id: string }) {
  const { id: guild, asOf } = useGuild();
  const list = useList(STEPS, { guild, asOf, id }, (data) => data.guild?.giveaways.timeline, (row) => row.seq);
  return (
    <Card title={t("What happened")}>
      {list.trouble !== undefined ? <Failed trouble={list.trouble} again={list.again} /> : list.loading ? <Skeleton lines={6} /> : list.rows.length === 0 ? <Empty icon="history" title={t("Nothing yet")} /> : (
        <div className="stack">
          <Timeline label={t("What happened")} steps={list.rows.map(stepOf)} />
          {list.more.any && <div><Button busy={list.more.loading} onClick={list.more.load}>{t("Show more")}</Button></div>}
        </div>
      )}
    </Card>
  );
}

function stepOf(line: Line): Step {
  const why = line.why === null ? undefined : line.what === "drawn" ? drawnFor(line.why) : standingName(line.why);
  const shown = line.person !== null || line.by !== null || line.reason !== null;
  return {
    key: line.seq,
    at: line.at,
    tone: stepTone(line.what),
    title: <>{stepName(line.what, line.entry, line.number)}{why !== undefined && <span className="muted"> · {why}</span>}</>,
    ...(shown ? { children: (
      <div className="row small">
        {line.person !== null && <Person person={line.person} />}
        {line.by !== null && <span className="row"><span className="muted">{t("by")}</span><Person person={line.by} /></span>}
        {line.reason !== null && <q className="breaks">{line.reason}</q>}
      </div>
    ) } : {}),
  };
}
