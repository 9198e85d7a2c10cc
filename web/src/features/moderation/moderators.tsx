/** Who did how much, and taking back what somebody or something did wrong. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card, Figure, Figures } from "../../ui/card";
import { csv, save } from "../../ui/csv";
import { ExportBar } from "../../ui/export";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { Person } from "../members/person";
import { UndoDialog } from "./undo";
import { kindName, KINDS } from "./words";
import "./moderation.css";

const MODERATORS = graphql(`
  query Moderators($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) { moderation { moderators { moderator { number userId name avatarUrl } cases lastAt kinds { kind cases } } } }
  }
`);

export function Moderators() {
  const { id, asOf, may, refused } = useGuild();
  const asked = useAsk(MODERATORS, { guild: id, asOf });
  const [undoing, setUndoing] = useState<{ moderator?: string }>();
  return (
    <Page title={t("Moderators")} about={t("Who made how many cases, also by hand in Discord. What rules did is not theirs.")} actions={may("MANAGE_SETTINGS") && <Button icon="undo" refused={refused("MANAGE_SETTINGS")} onClick={() => { setUndoing({}); }}>{t("Take back by cause")}</Button>}>
      <Answered asked={asked}>{(data) => {
        const all = data.guild?.moderation.moderators ?? [];
        if (all.length === 0) return <Card><Empty icon="gavel" title={t("Nobody has made a case yet")}>{t("Whoever warns, times out, kicks or bans appears here.")}</Empty></Card>;
        const cases = all.reduce((sum, one) => sum + Number(one.cases), 0);
        const most = Math.max(...all.map((one) => Number(one.cases)));
        return (
          <>
            <Figures>
              <Figure name={t("Moderators")} value={number(all.length)} />
              <Figure name={t("Cases they made")} value={number(cases)} />
              <Figure name={t("Made by the busiest")} value={`${String(Math.round((most / cases) * 100))} %`} />
            </Figures>
            <Card flush title={t("Workload")}>
              <div className="case-counts row small muted" aria-hidden="true">{KINDS.filter((kind) => all.some((one) => one.kinds.some((line) => line.kind === kind))).map((kind) => <span key={kind} className="row work-key"><span className={`work-${kind.toLowerCase()}`} />{kindName(kind)}</span>)}</div>
              <ExportBar count={all.length} onSave={() => { save("moderators.csv", csv(["id", "name", "cases", "last_at", ...KINDS.map((kind) => kind.toLowerCase())], all.map((one) => [one.moderator.userId, one.moderator.name, one.cases, one.lastAt, ...KINDS.map((kind) => one.kinds.find((line) => line.kind === kind)?.cases ?? "0")]))); }}><Whole list="moderators" /></ExportBar>
              <Table
                label={t("Workload")}
                rows={all}
                rowKey={(one) => String(one.moderator.number)}
                columns={[
                  { name: t("Moderator"), cell: (one) => <Person person={one.moderator} /> },
                  { name: t("What they did"), from: "medium", cell: (one) => <Work kinds={one.kinds} share={Number(one.cases) / most} /> },
                  { name: t("Last"), width: 130, from: "wide", cell: (one) => <time className="muted" dateTime={one.lastAt} title={moment(one.lastAt)}>{brief(one.lastAt)}</time> },
                  { name: t("Cases"), width: 84, align: "end", cell: (one) => one.moderator.userId == null ? <strong className="num">{number(one.cases)}</strong> : <Link className="case-number" to="/g/$guild/cases" params={{ guild: id }} search={{ moderator: one.moderator.userId }}>{number(one.cases)}</Link> },
                  ...(may("MANAGE_SETTINGS") ? [{ name: t("Take back"), width: 116, align: "end" as const, from: "medium" as const, cell: (one: (typeof all)[number]) => one.moderator.userId == null ? null : <Button look="quiet" refused={refused("MANAGE_SETTINGS")} onClick={() => { setUndoing({ moderator: one.moderator.userId ?? "" }); }}>{t("Take back")}</Button> }] : []),
                ]}
              />
            </Card>
          </>
        );
      }}</Answered>
      {undoing !== undefined && <UndoDialog {...undoing} onClose={() => { setUndoing(undefined); asked.again(); }} />}
    </Page>
  );
}

function Work({ kinds, share }: { kinds: { kind: (typeof KINDS)[number]; cases: string }[]; share: number }) {
  const told = kinds.map((one) => `${kindName(one.kind)}: ${number(one.cases)}`).join(", ");
  return (
    <span title={told}>
      <span className="unseen">{told}</span>
      <span className="work-bar" aria-hidden="true" style={{ width: `${String(Math.max(4, share * 100))}%` }}>
        {kinds.map((one) => <span key={one.kind} className={`work-${one.kind.toLowerCase()}`} style={{ flexGrow: Number(one.cases) }} />)}
      </span>
    </span>
  );
}
