/** Making a webhook and changing one, and its secret, which is shown once. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, TextInput } from "../../ui/field";
import { Banner } from "../../ui/notice";
import { toast } from "../../ui/toast";
import { KINDS, kindAbout, kindName, type WebhookKind } from "./kinds";
import type { Webhook } from "./webhooks";

const CREATE = graphql(`mutation CreateWebhook($input: WebhookCreate!) { webhookCreate(input: $input) { status id secret refusal { rule text } } }`);
const CHANGE = graphql(`mutation ChangeWebhook($input: WebhookChange!) { webhookChange(input: $input) { status refusal { rule text } } }`);
const TURN = graphql(`mutation TurnWebhookSecret($input: WebhookAsk!) { webhookTurnSecret(input: $input) { status id secret refusal { rule text } } }`);

type EditProps = { webhook: Webhook | undefined; onClose: () => void; onDone: (made: string | undefined) => void };

export function EditWebhook({ webhook, onClose, onDone }: EditProps) {
  const [secret, setSecret] = useState<string>();
  if (secret !== undefined) return <Secret secret={secret} onClose={onClose} />;
  return <Choose webhook={webhook} onClose={onClose} onMade={(made, id) => { setSecret(made); onDone(id); }} onChanged={() => { onDone(undefined); onClose(); }} />;
}

type ChooseProps = { webhook: Webhook | undefined; onClose: () => void; onMade: (secret: string, id: string) => void; onChanged: () => void };

function Choose({ webhook, onClose, onMade, onChanged }: ChooseProps) {
  const { id } = useGuild();
  const [name, setName] = useState(webhook?.name ?? "");
  const [address, setAddress] = useState("");
  const [kinds, setKinds] = useState<readonly WebhookKind[]>(webhook?.kinds ?? []);
  const [key] = useState(freshKey);
  const create = useDo(CREATE, (data) => data.webhookCreate);
  const change = useDo(CHANGE, (data) => data.webhookChange);
  const isNew = webhook === undefined;
  const missing = name.trim() === "" ? t("Give the webhook a name first.") : isNew && address.trim() === "" ? t("Say first where it leads.") : kinds.length === 0 ? t("Choose first what it hears of.") : undefined;

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (missing !== undefined) return;
    if (!isNew) {
      const given = address.trim() === "" ? null : address.trim();
      if ((await change.act({ input: { guild: id, id: webhook.id, name: name.trim(), address: given, kinds: [...kinds], key: freshKey() } }, t("The webhook is changed."))) !== undefined) onChanged();
      return;
    }
    const done = await create.act({ input: { guild: id, name: name.trim(), address: address.trim(), kinds: [...kinds], key } }, t("The webhook is made."));
    const made = done?.webhookCreate;
    if (made?.secret != null && made.id != null) onMade(made.secret, made.id);
  }
  function toggle(kind: WebhookKind, on: boolean) {
    setKinds((before) => on ? [...before, kind] : before.filter((one) => one !== kind));
  }
  const help = isNew
    ? t("Begins with https:// and leads to a server on the internet. It is shown to nobody again, but for its host.")
    : t("Leave it empty, and it stays where it is: {host}.", { host: webhook.host ?? t("its address is gone") });
  return (
    <Dialog title={isNew ? t("Make a webhook") : t("Change {name}", { name: webhook.name ?? t("a webhook") })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="edit-webhook" look="main" busy={create.busy || change.busy} refused={missing}>{isNew ? t("Make the webhook") : t("Change")}</Button></>}>
      <form id="edit-webhook" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Name")} help={t("So that you know it again: what listens, and where that runs.")}>{(wiring) => <TextInput {...wiring} autoFocus maxLength={60} value={name} onChange={(event) => { setName(event.target.value); }} />}</Field>
        <Field label={t("Address")} help={help}>{(wiring) => <TextInput {...wiring} inputMode="url" maxLength={500} placeholder="https://example.org/hook" value={address} onChange={(event) => { setAddress(event.target.value); }} />}</Field>
        <fieldset className="webhook-kinds">
          <legend>{t("What it hears of")}</legend>
          {KINDS.map((kind) => (
            <label key={kind} className="webhook-kind">
              <input type="checkbox" checked={kinds.includes(kind)} onChange={(event) => { toggle(kind, event.target.checked); }} />
              <span><strong>{kindName(kind)}</strong> <span className="muted small">{kindAbout(kind)}</span></span>
            </label>
          ))}
        </fieldset>
      </form>
    </Dialog>
  );
}

export function TurnSecret({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const [secret, setSecret] = useState<string>();
  const { act, busy } = useDo(TURN, (data) => data.webhookTurnSecret);
  if (secret !== undefined) return <Secret secret={secret} onClose={onClose} />;
  async function turn() {
    const done = await act({ input: { guild: id, id: webhook.id, key } }, t("Another secret signs from now on."));
    if (done?.webhookTurnSecret.secret != null) setSecret(done.webhookTurnSecret.secret);
  }
  return (
    <Dialog title={t("Another secret for {name}?", { name: webhook.name ?? t("a webhook") })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button look="danger" busy={busy} onClick={() => { void turn(); }}>{t("Make another secret")}</Button></>}>
      <p>{t("Everything that is sent from then on is signed with it, and its receiver refuses that until it knows the new one. What it refuses is sent again.")}</p>
    </Dialog>
  );
}

function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    try {
      await navigator.clipboard.writeText(secret);
      setCopied(true);
    } catch {
      toast(t("The browser did not let it be copied. Select it and copy it by hand."), "bad");
    }
  }
  return (
    <Dialog title={t("Its secret")} onClose={onClose} footer={<><Button icon={copied ? "check" : "link"} onClick={() => { void copy(); }}>{copied ? t("Copied") : t("Copy")}</Button><Button look="main" onClick={onClose}>{t("It is kept")}</Button></>}>
      <div className="stack">
        <Banner tone="warn">{t("It is shown this once. With it, your program tells what came from here from what did not.")}</Banner>
        <Field label={t("Secret")} help={t("The header Reeve-Signature is made with it; docs/webhooks.md shows how to check it.")}>{(wiring) => <TextInput {...wiring} readOnly className="secret" value={secret} onFocus={(event) => { event.target.select(); }} />}</Field>
      </div>
    </Dialog>
  );
}
