/** Taking back by cause: says what it would come to before anything is done, then goes a step at a time. */
import { useState } from "react";
import { freshKey, useAsk, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, TextInput } from "../../ui/field";
import { Banner } from "../../ui/notice";

const PREVIEW = graphql(`
  query UndoPreview($guild: Snowflake!, $cause: UndoCause!) { guild(id: $guild) { moderation { undoPreview(cause: $cause) { warnings timeouts bans step } } } }
`);
const UNDO = graphql(`mutation CasesUndo($input: UndoInput!) { casesUndo(input: $input) { done { status refusal { rule text } } cases left } }`);

const HOUR_MS = 3_600_000;

export function UndoDialog({ moderator = "", onClose }: { moderator?: string; onClose: () => void }) {
  const { id } = useGuild();
  const [who, setWho] = useState(moderator);
  const [rule, setRule] = useState("");
  const [batch, setBatch] = useState("");
  const [hours, setHours] = useState("");
  const [from] = useState(() => Date.now());
  const [key, setKey] = useState(freshKey);
  const cause = {
    ...(/^\d{15,20}$/.test(who) ? { moderator: who } : {}),
    ...(rule.trim() === "" ? {} : { rule: rule.trim() }),
    ...(/^\d{1,9}$/.test(batch) ? { batchOf: Number(batch) } : {}),
    ...(/^\d{1,4}$/.test(hours) && Number(hours) > 0 ? { since: new Date(from - Number(hours) * HOUR_MS).toISOString() } : {}),
  };
  const isNamed = Object.keys(cause).length > 0;
  const asked = useAsk(PREVIEW, { guild: id, cause }, { pause: !isNamed });
  const undo = useDo(UNDO, (data) => data.casesUndo.done);
  const preview = isNamed ? asked.data?.guild?.moderation.undoPreview : undefined;
  const all = preview === undefined ? 0 : Number(preview.warnings) + Number(preview.timeouts) + Number(preview.bans);
  const problem = !isNamed ? t("Say what to take back first.") : preview === undefined ? t("Wait for the preview.") : all === 0 ? t("There is nothing to take back.") : undefined;
  async function go() {
    const done = await undo.act({ input: { guild: id, cause, key } }, t("Taken back."));
    if (done === undefined) return;
    if (Number(done.casesUndo.left ?? 0) === 0) {
      onClose();
      return;
    }
    setKey(freshKey());
    asked.again();
  }
  return (
    <Dialog title={t("Take back by cause")} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button look="danger" busy={undo.busy} refused={problem} onClick={() => { void go(); }}>{preview === undefined || all === 0 ? t("Take back") : t("Take {count} back", { count: number(preview.step) })}</Button></>}>
      <p className="muted">{t("Everything that all of these name, as far as it still counts or is in force. Nobody can be unkicked, and nothing is taken off the record.")}</p>
      <Field label={t("Moderator's Discord id")}>{(wiring) => <TextInput {...wiring} inputMode="numeric" value={who} onChange={(event) => { setWho(event.target.value.replace(/\D/g, "").slice(0, 20)); }} />}</Field>
      <Field label={t("Rule")} help={t("Such as ladder.")}>{(wiring) => <TextInput {...wiring} maxLength={100} value={rule} onChange={(event) => { setRule(event.target.value); }} />}</Field>
      <Field label={t("Ordered together with case")}>{(wiring) => <TextInput {...wiring} inputMode="numeric" value={batch} onChange={(event) => { setBatch(event.target.value.replace(/\D/g, "").slice(0, 9)); }} />}</Field>
      <Field label={t("Of the last hours")}>{(wiring) => <TextInput {...wiring} inputMode="numeric" value={hours} onChange={(event) => { setHours(event.target.value.replace(/\D/g, "").slice(0, 4)); }} />}</Field>
      {isNamed && asked.trouble !== undefined && <Banner tone="bad">{asked.trouble.text}</Banner>}
      {preview !== undefined && <Banner tone={all === 0 ? "info" : "warn"}>{all === 0 ? t("There is nothing to take back.") : t("This takes back {warnings} warnings, {timeouts} timeouts and {bans} bans; at most 200 in one step, the oldest first.", { warnings: number(preview.warnings), timeouts: number(preview.timeouts), bans: number(preview.bans) })}</Banner>}
    </Dialog>
  );
}
