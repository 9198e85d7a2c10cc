/** Who is in, by number; all of them can be saved, however many there are. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Failed, useList } from "../../api/ask";
import { t } from "../../i18n";
import { brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Badge } from "../../ui/badge";
import { Card } from "../../ui/card";
import { Select } from "../../ui/field";
import { Empty, Skeleton } from "../../ui/notice";
import { Table } from "../../ui/table";
import { Whole } from "../exports/whole";
import { Person } from "../members/person";
import { ENTRANTS } from "./queries";
import { STANDINGS, standingName, standingTone } from "./words";

export function Entrants({ id }: { id: string }) {
  const { id: guild, at, asOf } = useGuild();
  const { standing: asked } = useSearch({ from: "/signed-in/g/$guild/giveaways/$giveaway" });
  const navigate = useNavigate({ from: "/g/$guild/giveaways/$giveaway" });
  const standing = STANDINGS.find((one) => one === asked) ?? null;
  const list = useList(ENTRANTS, { guild, asOf, id, standing }, (data) => data.guild?.giveaways.entrants, (row) => String(row.entry));
  return (
    <Card
      flush
      title={t("Entrants")}
      actions={
        <>
          <Select aria-label={t("Standing")} value={standing ?? ""} onChange={(event) => { void navigate({ search: (before) => ({ ...before, standing: event.target.value === "" ? undefined : event.target.value }) as typeof before, replace: true, resetScroll: false }); }}>
            <option value="">{t("All standings")}</option>
            {STANDINGS.map((one) => <option key={one} value={one}>{standingName(one)}</option>)}
          </Select>
          <Whole list="giveaway_entrants" narrow={{ giveaway: id, standing: standing?.toLowerCase() }} />
          {at === undefined && <a className="button" href={`/g/${guild}/giveaways/${id}/export.json`} download>{t("With the draw, as JSON")}</a>}
        </>
      }
    >
      {list.trouble !== undefined ? <Failed trouble={list.trouble} again={list.again} /> : list.loading ? <Skeleton lines={6} /> : list.rows.length === 0 ? (
        <Empty icon="people" title={t("Nobody")}>{standing === null ? t("Members appear here when they press the button in Discord.") : t("Nothing matches. Take a filter away.")}</Empty>
      ) : (
        <Table
          label={t("Entrants")}
          rows={list.rows}
          rowKey={(row) => String(row.entry)}
          more={list.more}
          columns={[
            { name: t("Entry"), width: 64, cell: (row) => number(row.entry) },
            { name: t("Member"), cell: (row) => row.person == null ? <span className="muted">{t("an erased member")}</span> : <Person person={row.person} /> },
            { name: t("Standing"), width: 150, cell: (row) => <Badge tone={standingTone(row.standing)}>{standingName(row.standing)}</Badge> },
            { name: t("Chances"), width: 90, align: "end", from: "medium", cell: (row) => number(row.weight) },
            { name: t("Entered"), width: 140, align: "end", from: "medium", cell: (row) => <time className="muted" dateTime={row.at} title={moment(row.at)}>{brief(row.at)}</time> },
          ]}
        />
      )}
    </Card>
  );
}
