/** Events that could not be folded or followed: their communities wait until somebody looks. */
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card, Facts } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { useFresh } from "./fresh";
import { ASK_READ_MODEL, DEAD_LETTERS, RETRY_PROCESS } from "./operations";
import { useVerb } from "./verb";

export function DeadLetters() {
  const asked = useAsk(DEAD_LETTERS, {});
  useFresh(asked.again);
  const model = useVerb(ASK_READ_MODEL);
  const process = useVerb(RETRY_PROCESS);
  return (
    <Page title={t("Dead letters")} about={t("An event that cannot be folded stops only its own community, and only there.")}>
      <Answered asked={asked}>{(data) => {
        const { deadLetters, parkedGuilds } = data.operations;
        if (deadLetters.length + parkedGuilds.length === 0) return <Card><Empty icon="check" title={t("No dead letters")}>{t("Every event was folded and followed.")}</Empty></Card>;
        return (
          <>
            {deadLetters.map((letter) => (
              <Card key={`${letter.readModel} ${letter.event}`} title={letter.readModel} note={t("read model")} actions={<Button look="main" busy={model.busy} onClick={() => { void model.act({ input: { name: letter.readModel, verb: "RETRY", guild: letter.guild } }, () => t("Asked. It begins within seconds.")).then(asked.again); }}>{t("Try again")}</Button>}>
                <Facts rows={[[t("Community"), <code key="g">{letter.guild}</code>], [t("Event"), <span key="e">#{number(letter.seq)} <Badge>{letter.eventType}</Badge></span>], [t("Error"), letter.error], [t("Error id"), <code key="i">{letter.errorId}</code>], [t("Tries"), number(letter.attempts)]]} />
              </Card>
            ))}
            {parkedGuilds.map((parked) => (
              <Card key={`${parked.process} ${parked.guild}`} title={parked.process} note={t("process")} actions={<Button look="main" busy={process.busy} onClick={() => { void process.act({ process: parked.process, guild: parked.guild }, () => t("Asked. It begins within seconds.")).then(asked.again); }}>{t("Try again")}</Button>}>
                <Facts rows={[[t("Community"), <code key="g">{parked.guild}</code>], [t("Event"), <span key="e">#{number(parked.seq)} <Badge>{parked.eventType}</Badge></span>], [t("Error"), parked.error], [t("Error id"), <code key="i">{parked.errorId}</code>], [t("Tries"), number(parked.tries)]]} />
              </Card>
            ))}
          </>
        );
      }}</Answered>
    </Page>
  );
}
