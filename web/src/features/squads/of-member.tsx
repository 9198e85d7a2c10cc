/** A member's squad, for their page. */
import { Link } from "@tanstack/react-router";
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { day } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Card, Facts } from "../../ui/card";

const SQUAD = graphql(`
  query MemberSquad($guild: Snowflake!, $asOf: Moment, $user: Snowflake!) {
    guild(id: $guild, asOf: $asOf) { squads { of(user: $user) { since squad { id name description } } } }
  }
`);

export function SquadOfMember({ user }: { user: string }) {
  const { id, at, asOf } = useGuild();
  const asked = useAsk(SQUAD, { guild: id, asOf, user });
  // Switched off here.
  if (asked.trouble?.kind === "forbidden" || asked.trouble?.kind === "refused") return null;
  return (
    <Card title={t("Squad")}>
      <Answered asked={asked}>{(data) => {
        const held = data.guild?.squads.of;
        if (held == null) return <p className="muted">{t("In no squad. /squads join in Discord shows which there are.")}</p>;
        return <Facts rows={[[t("Squad"), <Link key="s" to="/g/$guild/squads" params={{ guild: id }} search={{ ...(at === undefined ? {} : { at }), squad: String(held.squad.id) }}><bdi>{held.squad.name}</bdi></Link>], [t("Since"), day(held.since)]]} />;
      }}</Answered>
    </Card>
  );
}
