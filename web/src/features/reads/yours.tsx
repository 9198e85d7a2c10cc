/** On the viewer's own account: who of a community's staff looked at what is kept of them. */
import { useState } from "react";
import { Failed, useList, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, moment } from "../../i18n/format";
import { useViewer } from "../../session/session";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Select } from "../../ui/field";
import { Empty, Skeleton } from "../../ui/notice";
import { readOfYours } from "./words";

const SHOWN = graphql(`query ReadsShown($guild: Snowflake!) { guild(id: $guild) { readsShown } }`);
const YOURS = graphql(`
  query ReadsOfYours($guild: Snowflake!, $after: String) {
    guild(id: $guild) {
      readsOfYours(first: 10, after: $after) {
        edges { node { seq at what case list byOperator who { name } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
`);

export function ReadsOfYours() {
  const { guilds } = useViewer();
  const [chosen, choose] = useState<string>();
  const guild = chosen ?? guilds[0]?.id;
  if (guild === undefined) return null;
  return (
    <Card
      title={t("Who looked at your record")}
      note={t("as far as the community tells")}
      actions={guilds.length > 1 && <Select aria-label={t("Community")} value={guild} onChange={(event) => { choose(event.target.value); }}>{guilds.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}</Select>}
    >
      <Lines key={guild} guild={guild} />
    </Card>
  );
}

function Lines({ guild }: { guild: string }) {
  const shown = useAsk(SHOWN, { guild }).data?.guild?.readsShown;
  const list = useList(YOURS, { guild }, (data) => data.guild?.readsOfYours, (row) => row.seq);
  if (list.trouble !== undefined) return <Failed trouble={list.trouble} again={list.again} />;
  if (list.loading) return <Skeleton lines={3} />;
  if (shown === "NOTHING") return <Empty icon="shield" title={t("This community does not tell")}>{t("Its admins decide whether members learn who looked at their record.")}</Empty>;
  if (list.rows.length === 0) return <Empty icon="check" title={t("Nobody looked")}>{t("When staff opens a case of yours, or your record, it appears here.")}</Empty>;
  return (
    <div className="stack">
      <ul className="stack">
        {list.rows.map((row) => (
          <li key={row.seq}>
            <p className="breaks">{row.byOperator ? t("An operator of this bot") : row.who?.name ?? t("Somebody of the staff")} {readOfYours(row.what, row)}</p>
            <p className="small muted" title={moment(row.at)}>{ago(row.at)}</p>
          </li>
        ))}
      </ul>
      {list.more.any && <div className="row"><Button busy={list.more.loading} onClick={list.more.load}>{t("Show more")}</Button></div>}
    </div>
  );
}
