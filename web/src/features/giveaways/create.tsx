/** A new giveaway: from a template or from nothing; what is left empty comes from the settings. */
import { useState, type SubmitEvent } from "react";
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { t } from "../../i18n";
import { span } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, Select, TextInput } from "../../ui/field";
import { CREATE, PLACES, type Place } from "./queries";
import { readSpan } from "./spans";

type Draft = { prize: string; channel: string; template: string; winners: string; duration: string; required: string; forbidden: string; bonusRole: string; bonus: string; account: string; member: string; claim: string; rerolls: string };
const BLANK: Draft = { prize: "", channel: "", template: "", winners: "", duration: "", required: "", forbidden: "", bonusRole: "", bonus: "", account: "", member: "", claim: "", rerolls: "" };

/** Discord's kinds of channels in which it can be posted. */
const POSTABLE = [0, 5];

const count = (text: string) => (text.trim() === "" ? null : Number(text));
const isCount = (text: string) => text.trim() === "" || /^\d{1,6}$/.test(text.trim());

/** What is missing or wrong, in the order of the form. */
export function problemOf(draft: Draft): string | undefined {
  if (draft.prize.trim() === "") return t("Name the prize first.");
  if (draft.channel === "") return t("Choose where it is posted.");
  if (draft.template === "" && draft.duration.trim() === "") return t("Say how long it runs, or choose a template.");
  if (readSpan(draft.duration) === undefined || readSpan(draft.claim) === undefined) return t("Write spans of time as 30m, 24h or 7d.");
  if (![draft.winners, draft.bonus, draft.account, draft.member, draft.rerolls].every(isCount)) return t("Write whole numbers.");
  if ((draft.bonusRole === "") !== (draft.bonus.trim() === "")) return t("Name both the role and how many more chances it gives.");
  return undefined;
}

export function CreateDialog({ onClose, onDone }: { onClose: () => void; onDone: (id: string) => void }) {
  const { id } = useGuild();
  const places = useAsk(PLACES, { guild: id });
  const [draft, setDraft] = useState(BLANK);
  const [key] = useState(freshKey);
  const { act, busy } = useDo(CREATE, (data) => data.giveawayCreate.done);
  const problem = problemOf(draft);
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    const input = {
      guild: id, key, channel: draft.channel, prize: draft.prize.trim(), template: draft.template || null,
      winners: count(draft.winners), durationSecs: readSpan(draft.duration) ?? null, claimSecs: readSpan(draft.claim) ?? null, maxRerolls: count(draft.rerolls),
      requiredRole: draft.required || null, forbiddenRole: draft.forbidden || null, bonusRole: draft.bonusRole || null, bonusEntries: count(draft.bonus),
      accountDays: count(draft.account), memberDays: count(draft.member),
    };
    const done = await act({ input }, t("It is posted in a moment."));
    if (done?.giveawayCreate.id != null) onDone(done.giveawayCreate.id);
  }
  return (
    <Dialog title={t("New giveaway")} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="giveaway" look="main" busy={busy} refused={problem}>{t("Post it")}</Button></>}>
      <Answered asked={places}>{(data) => {
        const guild = data.guild;
        return (
          <form id="giveaway" className="stack" onSubmit={(event) => { void submit(event); }}>
            <Fields draft={draft} set={(change) => { setDraft((before) => ({ ...before, ...change })); }} roles={guild?.roles ?? []} channels={(guild?.channels ?? []).filter((one) => POSTABLE.includes(one.kind))} templates={guild?.giveaways.templates ?? []} />
          </form>
        );
      }}</Answered>
    </Dialog>
  );
}

type Template = { name: string; winners: number; durationSecs: number; claimSecs: number; roles: readonly { needs: string; role: string; entries: number }[] };

/** Which roles a template names, in words; nothing where it names none. */
function rolesOf(template: Template | undefined, roles: readonly Place[]): string | undefined {
  const words = (template?.roles ?? []).map(({ needs, role, entries }) => {
    const name = `@${roles.find((one) => one.id === role)?.name ?? role}`;
    switch (needs) {
      case "all": return t("needs {role}", { role: name });
      case "any": return t("needs {role} or another", { role: name });
      case "none": return t("not with {role}", { role: name });
      default: return t("{role}: {n} more chances", { role: name, n: entries });
    }
  });
  return words.length === 0 ? undefined : words.join(" · ");
}

function Fields({ draft, set, roles, channels, templates }: { draft: Draft; set: (change: Partial<Draft>) => void; roles: readonly Place[]; channels: readonly Place[]; templates: readonly Template[] }) {
  const template = templates.find((one) => one.name === draft.template);
  const line = (name: keyof Draft, label: string, more: { help?: string; placeholder?: string; most?: number; numeric?: boolean } = {}) => (
    <Field label={label} help={more.help}>{(wiring) => <TextInput {...wiring} autoFocus={name === "prize"} maxLength={more.most ?? 12} inputMode={more.numeric === true ? "numeric" : "text"} placeholder={more.placeholder} value={draft[name]} onChange={(event) => { set({ [name]: event.target.value }); }} />}</Field>
  );
  const role = (name: keyof Draft, label: string, none: string) => (
    <Field label={label}>{(wiring) => (
      <Select {...wiring} value={draft[name]} onChange={(event) => { set({ [name]: event.target.value }); }}>
        <option value="">{none}</option>
        {roles.map((one) => <option key={one.id} value={one.id}>@{one.name}</option>)}
      </Select>
    )}</Field>
  );
  return (
    <>
      {line("prize", t("Prize"), { most: 200 })}
      <div className="form-pair">
        <Field label={t("Channel")}>{(wiring) => (
          <Select {...wiring} value={draft.channel} onChange={(event) => { set({ channel: event.target.value }); }}>
            <option value="">{t("Choose …")}</option>
            {channels.map((one) => <option key={one.id} value={one.id}>#{one.name}</option>)}
          </Select>
        )}</Field>
        <Field label={t("Template")} help={rolesOf(template, roles)}>{(wiring) => (
          <Select {...wiring} value={draft.template} onChange={(event) => { set({ template: event.target.value }); }}>
            <option value="">{t("none")}</option>
            {templates.map((one) => <option key={one.name} value={one.name}>{one.name}</option>)}
          </Select>
        )}</Field>
        {line("duration", t("Runs for"), { placeholder: template === undefined ? "24h" : span(template.durationSecs) })}
        {line("winners", t("Winners"), { placeholder: String(template?.winners ?? 1), numeric: true })}
      </div>
      <details className="form-more">
        <summary>{t("Who may enter, chances and claims")}</summary>
        <div className="form-pair">
          {role("required", t("Only with the role"), t("anybody"))}
          {role("forbidden", t("Not with the role"), t("nobody"))}
          {role("bonusRole", t("More chances for"), t("nobody"))}
          {line("bonus", t("So many more"), { numeric: true })}
          {line("account", t("Account at least so many days old"), { numeric: true })}
          {line("member", t("Member for at least so many days"), { numeric: true })}
          {line("claim", t("Time to claim"), { help: t("0s: nothing has to be claimed. Empty: as the settings say."), placeholder: template === undefined ? "" : span(template.claimSecs) })}
          {line("rerolls", t("At most so many rerolls"), { help: t("Empty: as the settings say."), numeric: true })}
        </div>
      </details>
    </>
  );
}
