/** Says on every page of a community that an operator of this bot is inside, who and why, and ends it. */
import { freshKey, useAsk, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { brief } from "../../i18n/format";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";

const INSIDE = graphql(`query Inside($guild: Snowflake!) { guild(id: $guild) { visits { operator { number userId name } until lasts isYours reason } } }`);
export const END = graphql(`mutation VisitEnd($input: VisitEnd!) { visitEnd(input: $input) { status refusal { rule text } } }`);

export function VisitBar({ guild, onLeft }: { guild: string; onLeft: () => void }) {
  const asked = useAsk(INSIDE, { guild });
  const { act, busy } = useDo(END, (data) => data.visitEnd);
  const inside = (asked.data?.guild?.visits ?? []).filter((visit) => visit.lasts);
  return inside.map((visit) => {
    const name = visit.operator.name ?? t("An operator of this bot");
    async function end() {
      const done = await act({ input: { guild, operator: visit.operator.userId, key: freshKey() } }, t("The visit is over."));
      if (done === undefined) return;
      if (visit.isYours) onLeft();
      else asked.again();
    }
    return (
      <div className="past visit" role="status" key={`${String(visit.operator.number)}/${visit.until}`}>
        <Icon name="key" />
        <span className="grow breaks">
          <strong>{visit.isYours ? t("You are here as an operator") : t("{name}, who runs this bot, is in this community", { name })}</strong>
          {" · "}{t("until {when}", { when: brief(visit.until) })}
          {visit.reason != null && <>{" · "}{visit.reason}</>}
        </span>
        <Button busy={busy} refused={visit.operator.userId == null ? t("They were erased.") : undefined} onClick={() => { void end(); }}>{visit.isYours ? t("Leave") : t("End it")}</Button>
      </div>
    );
  });
}
