/** Gives a member bytes of the community, or takes some away: asked once more before it is done. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, TextInput } from "../../ui/field";

const GRANT = graphql(`mutation Grant($input: BytesMove!) { bytesGrant(input: $input) { done { status refusal { rule text } } amount } }`);
const TAKE = graphql(`mutation Take($input: BytesMove!) { bytesTake(input: $input) { done { status refusal { rule text } } amount } }`);

export function MoveDialog({ verb, user, name, onClose, onDone }: { verb: "grant" | "take"; user: string; name: string; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [amount, setAmount] = useState("");
  const [reason, setReason] = useState("");
  const [key] = useState(freshKey);
  const grant = useDo(GRANT, (data) => data.bytesGrant.done);
  const take = useDo(TAKE, (data) => data.bytesTake.done);
  const plain = amount.replace(/[\s,._']/g, "");
  const isAmount = /^[1-9]\d{0,17}$/.test(plain);
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!isAmount) return;
    const input = { guild: id, user, amount: plain, reason: reason.trim() === "" ? null : reason.trim(), key };
    const done = verb === "grant"
      ? await grant.act({ input }, t("{name} got {amount}.", { name, amount: number(plain) }))
      : await take.act({ input }, t("{amount} taken from {name}.", { name, amount: number(plain) }));
    if (done !== undefined) onDone();
  }
  return (
    <Dialog
      title={verb === "grant" ? t("Give bytes to {name}", { name }) : t("Take bytes from {name}", { name })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" form="move" look={verb === "grant" ? "main" : "danger"} busy={grant.busy || take.busy} refused={isAmount ? undefined : t("Say how many first.")}>{verb === "grant" ? t("Give") : t("Take")}</Button>
        </>
      }
    >
      <form id="move" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("How many")} problem={amount !== "" && !isAmount ? t("Write a whole number above zero.") : undefined}>{(wiring) => <TextInput {...wiring} autoFocus inputMode="numeric" value={amount} onChange={(event) => { setAmount(event.target.value); }} />}</Field>
        <Field label={t("Why")} help={t("Kept with the movement; they can read it.")}>{(wiring) => <TextInput {...wiring} maxLength={200} value={reason} onChange={(event) => { setReason(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}
