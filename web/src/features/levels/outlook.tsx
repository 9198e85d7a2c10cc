/** What other settings of levels would do, shown before they are saved. */
import { Failed, useAsk } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import type { introspection_types } from "../../api/schema-types";
import { t } from "../../i18n";
import { moment, number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Skeleton } from "../../ui/notice";
import { Person } from "../members/person";
import "./levels.css";

const OUTLOOK = graphql(`
  query LevelOutlook($guild: Snowflake!, $draft: LevelDraft!) {
    guild(id: $guild) {
      roles { id name }
      levels {
        outlook(draft: $draft) {
          members up down
          most { person { number userId name avatarUrl } from to }
          roles { role given taken }
          replayed { since earned wouldEarn up down most { person { number userId name avatarUrl } from to } lacking }
        }
      }
    }
  }
`);

type Told = NonNullable<ResultOf<typeof OUTLOOK>["guild"]>;
type Outlook = Told["levels"]["outlook"];
type Move = Outlook["most"][number];
type Lacks = introspection_types["LevelReplayLacks"]["enumValues"];
export type LevelDraft = { fields: { name: string; text: string }[] } | { reset: string } | { version: number };

export function LevelOutlook({ draft }: { draft: LevelDraft }) {
  const { id } = useGuild();
  const asked = useAsk(OUTLOOK, { guild: id, draft });
  if (asked.trouble !== undefined) return <Failed trouble={asked.trouble} again={asked.again} />;
  const guild = asked.data?.guild;
  if (guild == null) return <Skeleton lines={4} />;
  const { outlook } = guild.levels;
  return (
    <section className="outlook" aria-label={t("What it would do")}>
      <h3>{t("What it would do")}</h3>
      <p>{levelsMoved(outlook)}</p>
      <Moves moves={outlook.most} line={(from, to) => t("level {from} → {to}", { from, to })} />
      {outlook.roles.length > 0 && (
        <>
          <ul className="outlook-moves">
            {outlook.roles.map((one) => (
              <li key={one.role}>
                <span className="grow breaks">@{guild.roles.find((role) => role.id === one.role)?.name ?? one.role}</span>
                <span className="num">{t("given to {given}, taken from {taken}", { given: number(one.given), taken: number(one.taken) })}</span>
              </li>
            ))}
          </ul>
          <p className="small muted">{t("Roles follow once a member's level changes next.")}</p>
        </>
      )}
      {outlook.replayed != null && <Replayed told={outlook.replayed} />}
    </section>
  );
}

function levelsMoved({ members, up, down }: Outlook): string {
  if (members === "0") return t("Nobody has XP yet: it moves nobody.");
  if (up === "0" && down === "0") return t("Nobody's level changes: {members} members have XP.", { members: number(members) });
  return t("Of {members} members, {up} would be at a higher level at once, and {down} at a lower one.", { members: number(members), up: number(up), down: number(down) });
}

function Moves({ moves, line }: { moves: readonly Move[]; line: (from: string, to: string) => string }) {
  if (moves.length === 0) return null;
  return (
    <ul className="outlook-moves">
      {moves.map((move) => (
        <li key={move.person.number}>
          <span className="grow"><Person person={move.person} /></span>
          <span className="num">{line(number(move.from), number(move.to))}</span>
        </li>
      ))}
    </ul>
  );
}

function Replayed({ told }: { told: NonNullable<Outlook["replayed"]> }) {
  return (
    <>
      <h3>{t("Had it been so since {when}", { when: moment(told.since) })}</h3>
      <p>{t("{would} XP would have been earned instead of {earned}; {up} members would stand higher on the board, {down} lower. What was earned is never changed.", { would: number(told.wouldEarn), earned: number(told.earned), up: number(told.up), down: number(told.down) })}</p>
      <Moves moves={told.most} line={(from, to) => t("place {from} → {to}", { from, to })} />
      {told.lacking.length > 0 && <ul className="small muted">{told.lacking.map((one) => <li key={one}>{lacks(one)}</li>)}</ul>}
    </>
  );
}

function lacks(what: Lacks): string {
  switch (what) {
    case "PLACES": return t("Multipliers of roles and channels are left out: nobody noted who had which role then.");
    case "WITHIN_COOLDOWN": return t("Messages that earned nothing then for coming too soon are left out.");
    case "FLOODS": return t("Floods are left out: what earned nothing is not kept.");
    case "EARLIER": return t("So much was earned that only what came since then is looked at.");
  }
}
