/** On the access page: which operators of this bot were let in, when and why. */
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, moment } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Person } from "../members/person";
import { END } from "./bar";

const VISITS = graphql(`query Visits($guild: Snowflake!) { guild(id: $guild) { visits { operator { number userId name avatarUrl } since until lasts isYours reason } } }`);

export function Visits() {
  const { id, at, refused } = useGuild();
  const asked = useAsk(VISITS, { guild: id }, { pause: at !== undefined });
  const { act, busy } = useDo(END, (data) => data.visitEnd);
  async function end(operator: string) {
    await act({ input: { guild: id, operator, key: freshKey() } }, t("The visit is over."));
    asked.again();
  }
  if (at !== undefined) return null;
  return (
    <Card flush title={t("Operators who were here")} note={t("who runs this bot gets in only with a reason, for an hour")}>
      <Answered asked={asked}>{(data) => {
        const visits = data.guild?.visits ?? [];
        if (visits.length === 0) return <Empty icon="shield" title={t("No operator was here")}>{t("Who runs this bot sees nothing of a community unless they say why; then it stands here, and you can end it.")}</Empty>;
        return (
          <Table
            label={t("Operators who were here")}
            rows={visits}
            rowKey={(visit) => `${String(visit.operator.number)}/${visit.since}`}
            columns={[
              { name: t("Operator"), cell: (visit) => <Person person={visit.operator} /> },
              { name: t("Why"), cell: (visit) => <span className="breaks">{visit.reason ?? "–"}</span> },
              { name: t("From"), width: 132, from: "medium", cell: (visit) => <time dateTime={visit.since} title={moment(visit.since)} className="muted">{brief(visit.since)}</time> },
              { name: t("Until"), width: 132, from: "wide", cell: (visit) => <time dateTime={visit.until} title={moment(visit.until)} className="muted">{brief(visit.until)}</time> },
              { name: t("Do"), width: 110, align: "end", cell: (visit) => visit.lasts ? <Button busy={busy} refused={visit.isYours ? undefined : refused("MANAGE_ACCESS")} onClick={() => { void end(visit.operator.userId ?? ""); }}>{t("End it")}</Button> : <Badge>{t("over")}</Badge> },
            ]}
          />
        );
      }}</Answered>
    </Card>
  );
}
