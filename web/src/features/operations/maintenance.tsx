/** Maintenance of the whole installation: members are told, and nothing of theirs is begun. */
import { useState } from "react";
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { t } from "../../i18n";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Field, TextInput } from "../../ui/field";
import { MAINTENANCE, SWITCH_MAINTENANCE } from "./operations";

export function Maintenance() {
  const asked = useAsk(MAINTENANCE, {});
  const [notice, setNotice] = useState<string>();
  const { act, busy } = useDo(SWITCH_MAINTENANCE, (data) => data.maintenanceSwitch.done);
  async function turn(on: boolean, text: string) {
    await act({ input: { on, notice: text.trim() === "" ? null : text.trim(), key: freshKey() } }, on ? t("Maintenance has begun.") : t("Maintenance is over."));
    asked.again();
  }
  return (
    <Page title={t("Maintenance")} about={t("While it lasts, every command answers with your notice and does nothing.")}>
      <Answered asked={asked}>{(data) => {
        const { on, notice: current } = data.operations.maintenance;
        const text = notice ?? current;
        return (
          <Card title={t("Maintenance")} note={on ? <Badge tone="warn">{t("under way")}</Badge> : <Badge tone="good">{t("off")}</Badge>}>
            <div className="stack">
              <Field label={t("What people are told")} help={t("In Discord, and on the status page.")}>{(wiring) => <TextInput {...wiring} maxLength={300} value={text} onChange={(event) => { setNotice(event.target.value); }} />}</Field>
              <div className="row">
                {on ? <Button look="main" busy={busy} onClick={() => { void turn(false, text); }}>{t("End maintenance")}</Button> : <Button look="danger" busy={busy} onClick={() => { void turn(true, text); }}>{t("Begin maintenance")}</Button>}
              </div>
            </div>
          </Card>
        );
      }}</Answered>
    </Page>
  );
}
