/** What one member does, on their page: the last thirty days, and how they stand in levels. */
import { useMemo } from "react";
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { compact, day, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { useViewer } from "../../session/session";
import { Figure, Figures } from "../../ui/card";
import { Chart } from "../../ui/chart";

const OF_MEMBER = graphql(`
  query ActivityOfMember($guild: Snowflake!, $asOf: Moment, $user: Snowflake!) {
    guild(id: $guild, asOf: $asOf) {
      activity { timeZone member(user: $user) { messages reactions voiceMinutes commands lastActive joined starts messagesByDay } }
      levels { member(user: $user) { place of xp level into step } }
    }
  }
`);

export function ActivityOfMember({ user }: { user: string }) {
  const { id, asOf, may } = useGuild();
  const viewer = useViewer();
  const seen = may("VIEW_ANALYTICS", "VIEW_RECORDS") || viewer.userId === user;
  const asked = useAsk(OF_MEMBER, { guild: id, asOf, user }, { pause: !seen });
  const found = asked.data?.guild?.activity.member;
  const drawn = useMemo(() => ({
    times: (found?.starts ?? []).map((start) => Date.parse(start) / 1000),
    series: [{ name: t("Messages"), values: (found?.messagesByDay ?? []).map(Number) }],
  }), [found]);
  if (!seen) return null;
  return (
    <Answered asked={asked}>{(data) => {
      const rank = data.guild?.levels.member;
      return (
        <>
          <Figures>
            <Figure name={t("Level")} value={rank?.level ?? 0} note={rank?.place == null ? t("no XP yet") : t("place {place} of {of}, {xp} XP", { place: number(rank.place), of: number(rank.of), xp: number(rank.xp) })} />
            <Figure name={t("Messages")} value={compact(found?.messages ?? 0)} note={t("in 30 days")} />
            <Figure name={t("Minutes in voice")} value={compact(found?.voiceMinutes ?? 0)} note={t("in 30 days")} />
            <Figure name={t("Last active")} value={found?.lastActive == null ? "–" : day(found.lastActive)} note={found?.joined == null ? t("{count, plural, one {# command} other {# commands}} in 30 days", { count: Number(found?.commands ?? 0) }) : t("came {when}", { when: day(found.joined) })} />
          </Figures>
          {found != null && Number(found.messages) > 0 && <Chart title={t("Messages")} note={t("each day, 30 days")} {...drawn} zone={data.guild?.activity.timeZone} steps />}
        </>
      );
    }}</Answered>
  );
}
