/** A member's giveaways, for their page: what they entered, and what became of it. */
import { Link } from "@tanstack/react-router";
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { brief, moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Badge } from "../../ui/badge";
import { Card } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { Table } from "../../ui/table";
import { standingName, standingTone, StateBadge } from "./words";

const ENTRIES = graphql(`
  query MemberGiveaways($guild: Snowflake!, $asOf: Moment, $user: Snowflake!) {
    guild(id: $guild, asOf: $asOf) { giveaways { entriesOf(user: $user, first: 20) { entry weight standing at giveaway { id prize state } } } }
  }
`);

export function GiveawaysOfMember({ user }: { user: string }) {
  const { id, at, asOf } = useGuild();
  const asked = useAsk(ENTRIES, { guild: id, asOf, user });
  // Not for this viewer, or switched off here.
  if (asked.trouble?.kind === "forbidden" || asked.trouble?.kind === "refused") return null;
  return (
    <Card flush title={t("Giveaways")} note={t("the newest")}>
      <Answered asked={asked}>{(data) => {
        const entries = data.guild?.giveaways.entriesOf ?? [];
        if (entries.length === 0) return <Empty icon="gift" title={t("No entries yet")}>{t("Giveaways that they enter appear here.")}</Empty>;
        return (
          <Table
            label={t("Giveaways")}
            rows={entries}
            rowKey={(row) => row.giveaway.id}
            columns={[
              { name: t("Prize"), cell: (row) => <Link className="plain-link" to="/g/$guild/giveaways/$giveaway" params={{ guild: id, giveaway: row.giveaway.id }} search={at === undefined ? {} : { at }}><bdi>{row.giveaway.prize}</bdi></Link> },
              { name: t("State"), width: 140, from: "medium", cell: (row) => <StateBadge state={row.giveaway.state} /> },
              { name: t("Standing"), width: 150, cell: (row) => <Badge tone={standingTone(row.standing)}>{standingName(row.standing)}</Badge> },
              { name: t("Entry"), width: 84, align: "end", from: "medium", cell: (row) => number(row.entry) },
              { name: t("Entered"), width: 140, align: "end", from: "medium", cell: (row) => <time className="muted" dateTime={row.at} title={moment(row.at)}>{brief(row.at)}</time> },
            ]}
          />
        );
      }}</Answered>
    </Card>
  );
}
