/** Making a key: what it is for and until when; then the key itself, this once. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, Select, TextInput } from "../../ui/field";
import { Banner } from "../../ui/notice";
import { toast } from "../../ui/toast";
import { SCOPES, scopeAbout, scopeName, type KeyScope } from "./scopes";
import "./keys.css";

const CREATE = graphql(`mutation CreateKey($input: KeyCreate!) { keyCreate(input: $input) { status id secret refusal { rule text } } }`);

const DAY_MS = 86_400_000;

export function MakeKey({ onMade, onClose }: { onMade: () => void; onClose: () => void }) {
  const [secret, setSecret] = useState<string>();
  if (secret !== undefined) return <Made secret={secret} onClose={onClose} />;
  return <Choose onClose={onClose} onMade={(made) => { setSecret(made); onMade(); }} />;
}

function Choose({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const { id, may } = useGuild();
  const [name, setName] = useState("");
  const [days, setDays] = useState(90);
  const [scopes, setScopes] = useState<readonly KeyScope[]>(["READ"]);
  const [key] = useState(freshKey);
  const { act, busy } = useDo(CREATE, (data) => data.keyCreate);
  const ends: readonly [number, string][] = [[1, t("in a day")], [7, t("in a week")], [30, t("in 30 days")], [90, t("in 90 days")], [365, t("in a year")]];
  const missing = name.trim() === "" ? t("Give the key a name first.") : scopes.length === 0 ? t("Choose what it is for first.") : undefined;

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (missing !== undefined) return;
    const endsAt = new Date(Date.now() + days * DAY_MS).toISOString();
    const done = await act({ input: { guild: id, name: name.trim(), scopes: [...scopes], endsAt, key } }, t("The key is made."));
    if (done === undefined) return;
    if (done.keyCreate.secret === null) toast(t("This key was made before and is not shown again. Revoke it, and make another."), "bad");
    else onMade(done.keyCreate.secret);
  }
  function toggle(scope: KeyScope, on: boolean) {
    setScopes((before) => on ? [...before, scope] : before.filter((one) => one !== scope));
  }
  return (
    <Dialog title={t("Make a key")} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="make-key" look="main" busy={busy} refused={missing}>{t("Make the key")}</Button></>}>
      <form id="make-key" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Name")} help={t("So that you know it again: what uses it, and where that runs.")}>{(wiring) => <TextInput {...wiring} autoFocus maxLength={60} value={name} onChange={(event) => { setName(event.target.value); }} />}</Field>
        <Field label={t("It ends")}>{(wiring) => (
          <Select {...wiring} value={days} onChange={(event) => { setDays(Number(event.target.value)); }}>
            {ends.map(([many, text]) => <option key={many} value={many}>{text}</option>)}
          </Select>
        )}</Field>
        <fieldset className="scopes">
          <legend>{t("What it is for")}</legend>
          {SCOPES.map(({ scope, needs }) => {
            const idle = needs !== undefined && !may(...needs);
            return (
              <label key={scope} className="scope">
                <input type="checkbox" checked={scopes.includes(scope)} onChange={(event) => { toggle(scope, event.target.checked); }} />
                <span><strong>{scopeName(scope)}</strong> <span className="muted small">{scopeAbout(scope)}{idle && ` ${t("You may not do this here at the moment.")}`}</span></span>
              </label>
            );
          })}
        </fieldset>
      </form>
    </Dialog>
  );
}

function Made({ secret, onClose }: { secret: string; onClose: () => void }) {
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
    <Dialog title={t("Your new key")} onClose={onClose} footer={<><Button icon={copied ? "check" : "link"} onClick={() => { void copy(); }}>{copied ? t("Copied") : t("Copy")}</Button><Button look="main" onClick={onClose}>{t("I have kept it")}</Button></>}>
      <div className="stack">
        <Banner tone="warn">{t("It is shown this once. Nobody can read it again, not even an operator; whoever has it may what it may.")}</Banner>
        <Field label={t("Key")} help={t("Send it as a header: Authorization: Bearer, a space, and the key.")}>{(wiring) => <TextInput {...wiring} readOnly className="secret" value={secret} onFocus={(event) => { event.target.select(); }} />}</Field>
      </div>
    </Dialog>
  );
}
