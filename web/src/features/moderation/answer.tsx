/** A moderator's answer to an appeal. */
import { useState } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, TextArea } from "../../ui/field";

const DECIDE = graphql(`mutation AppealDecide($input: AppealAnswer!) { appealDecide(input: $input) { done { status refusal { rule text } } pardoned } }`);

export function AnswerDialog({ number, text, onClose }: { number: number; text?: string | null | undefined; onClose: () => void }) {
  const { id } = useGuild();
  const [answer, setAnswer] = useState("");
  const [key] = useState(freshKey);
  const decide = useDo(DECIDE, (data) => data.appealDecide.done);
  async function say(accept: boolean) {
    const done = await decide.act({ input: { guild: id, number, accept, text: answer.trim() === "" ? null : answer.trim(), key } }, accept ? t("Accepted: the case is pardoned.") : t("The appeal is refused."));
    if (done !== undefined) onClose();
  }
  return (
    <Dialog title={t("Answer the appeal against case {number}", { number })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button busy={decide.busy} onClick={() => { void say(false); }}>{t("Refuse it")}</Button><Button look="main" busy={decide.busy} onClick={() => { void say(true); }}>{t("Accept and pardon")}</Button></>}>
      {text != null && <blockquote className="quote">{text}</blockquote>}
      <p className="muted">{t("Accepting takes back what the case still means: a warning no longer counts, a timeout or ban ends in Discord.")}</p>
      <Field label={t("Answer")} help={t("Whoever appealed reads it under “My appeals”.")}>{(wiring) => <TextArea {...wiring} autoFocus maxLength={1_000} value={answer} onChange={(event) => { setAnswer(event.target.value); }} />}</Field>
    </Dialog>
  );
}
