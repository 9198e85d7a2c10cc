/** The tiers that a member holds, for their page. */
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, day } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Card, Facts } from "../../ui/card";

const TIERS = graphql(`
  query MemberTiers($guild: Snowflake!, $asOf: Moment, $user: Snowflake!) {
    guild(id: $guild, asOf: $asOf) { tiers { of(user: $user) { role name until } } }
  }
`);

export function TiersOfMember({ user }: { user: string }) {
  const { id, asOf } = useGuild();
  const asked = useAsk(TIERS, { guild: id, asOf, user });
  // Not for this viewer, or switched off here.
  if (asked.trouble?.kind === "forbidden" || asked.trouble?.kind === "refused") return null;
  return (
    <Card title={t("Tiers")}>
      <Answered asked={asked}>{(data) => {
        const held = data.guild?.tiers.of ?? [];
        if (held.length === 0) return <p className="muted">{t("Holds no tier.")}</p>;
        return <Facts rows={held.map((one) => [one.name ?? t("a tier that was removed"), t("until {day} ({when})", { day: day(one.until), when: ago(one.until) })])} />;
      }}</Answered>
    </Card>
  );
}
