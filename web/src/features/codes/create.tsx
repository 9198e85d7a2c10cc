/** Makes codes, and shows them: this once. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { csv, save } from "../../ui/csv";
import { Dialog } from "../../ui/dialog";
import { Field, Select, TextInput } from "../../ui/field";
import { Banner } from "../../ui/notice";
import { Segments } from "../../ui/segments";
import { toast } from "../../ui/toast";
import type { Here } from "./codes";
import { endOf } from "./days";
import { OnlyFor } from "./only-for";
import "./codes.css";

const CREATE = graphql(`mutation CampaignCreate($input: CampaignCreate!) { campaignCreate(input: $input) { done { status refusal { rule text } } id codes } }`);

export type Made = { name: string; codes: readonly string[] };
type Kind = "bytes" | "role" | "tier";
type Draft = { name: string; kind: Kind; bytes: string; role: string; tier: string; days: string; own: boolean; code: string; count: string; uses: string; perCode: string; perMember: string; ends: string; onlyFor: readonly string[] };
const BLANK: Draft = { name: "", kind: "bytes", bytes: "", role: "", tier: "", days: "30", own: false, code: "", count: "1", uses: "", perCode: "", perMember: "1", ends: "", onlyFor: [] };

const isCount = (text: string) => /^[1-9]\d{0,8}$/.test(text.trim());
const count = (text: string) => (text.trim() === "" ? null : Number(text));

/** What is missing or wrong, in the order of the form. */
export function problemOf(draft: Draft): string | undefined {
  if (draft.name.trim() === "") return t("Give it a name first.");
  if (draft.kind === "bytes" && !isCount(draft.bytes)) return t("Say how many first.");
  if (draft.kind === "role" && draft.role === "") return t("Choose its role first.");
  if (draft.kind === "tier" && (draft.tier === "" || !isCount(draft.days))) return t("Choose a tier, and for how many days.");
  if (draft.own && draft.code.trim() === "") return t("Write the code first.");
  if (!draft.own && !isCount(draft.count)) return t("Say how many codes are made.");
  if (![draft.uses, draft.perCode].every((text) => text.trim() === "" || isCount(text)) || !isCount(draft.perMember)) return t("Write whole numbers.");
  return undefined;
}

export function CampaignDialog({ here, onClose, onDone }: { here: Here; onClose: () => void; onDone: (made: Made) => void }) {
  const { id } = useGuild();
  const [draft, setDraft] = useState(BLANK);
  const [key] = useState(freshKey);
  const { act, busy } = useDo(CREATE, (data) => data.campaignCreate.done);
  const problem = problemOf(draft);
  const set = (change: Partial<Draft>) => { setDraft((before) => ({ ...before, ...change })); };
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    const reward = draft.kind === "bytes" ? { bytes: draft.bytes.trim() } : draft.kind === "role" ? { role: draft.role } : { role: draft.tier, days: Number(draft.days) };
    const input = { guild: id, key, name: draft.name.trim(), ...reward, ...(draft.own ? { code: draft.code.trim() } : { count: Number(draft.count) }), uses: count(draft.uses), usesPerCode: count(draft.perCode), usesPerMember: Number(draft.perMember), ends: endOf(draft.ends), onlyFor: [...draft.onlyFor] };
    const done = await act({ input }, t("The codes are made."));
    if (done !== undefined) onDone({ name: draft.name.trim(), codes: done.campaignCreate.codes });
  }
  return (
    <Dialog title={t("New codes")} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="campaign" look="main" busy={busy} refused={problem}>{t("Make them")}</Button></>}>
      <form id="campaign" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Fields here={here} draft={draft} set={set} />
      </form>
    </Dialog>
  );
}

function Fields({ here, draft, set }: { here: Here; draft: Draft; set: (change: Partial<Draft>) => void }) {
  const line = (name: "name" | "bytes" | "days" | "code" | "count" | "uses" | "perCode" | "perMember", label: string, more: { help?: string; most?: number; placeholder?: string } = {}) => (
    <Field label={label} help={more.help}>{(wiring) => <TextInput {...wiring} autoFocus={name === "name"} maxLength={more.most ?? 9} inputMode={name === "name" || name === "code" ? "text" : "numeric"} placeholder={more.placeholder} value={draft[name]} onChange={(event) => { set({ [name]: event.target.value }); }} />}</Field>
  );
  const choice = (name: "role" | "tier", label: string, options: readonly { id: string; name: string }[], help: string) => (
    <Field label={label} help={help}>{(wiring) => (
      <Select {...wiring} value={draft[name]} onChange={(event) => { set({ [name]: event.target.value }); }}>
        <option value="">{t("Choose …")}</option>
        {options.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
      </Select>
    )}</Field>
  );
  return (
    <>
      {line("name", t("Name"), { most: 64, help: t("Only staff sees it.") })}
      <div className="codes-choice"><span>{t("A code gives")}</span><Segments label={t("A code gives")} value={draft.kind} choices={[{ value: "bytes", label: here.economy.currency || t("Bytes") }, { value: "role", label: t("A role") }, { value: "tier", label: t("Days in a tier") }]} onChange={(kind) => { set({ kind }); }} /></div>
      {draft.kind === "bytes" && line("bytes", t("How many"))}
      {draft.kind === "role" && choice("role", t("Role"), here.roles.map((one) => ({ id: one.id, name: `@${one.name}` })), t("It must be below this bot's highest role and below yours."))}
      {draft.kind === "tier" && <div className="codes-pair">{choice("tier", t("Tier"), here.tiers.list.map((one) => ({ id: one.role, name: one.name })), here.tiers.list.length === 0 ? t("There is none yet; make one on the page Tiers.") : "")}{line("days", t("For so many days"))}</div>}
      <div className="codes-choice"><span>{t("The codes")}</span><Segments label={t("The codes")} value={draft.own ? "own" : "made"} choices={[{ value: "made", label: t("Are made here") }, { value: "own", label: t("I write one") }]} onChange={(value) => { set({ own: value === "own" }); }} /></div>
      {draft.own ? line("code", t("Code"), { most: 64, help: t("4 to 32 letters from A to Z and digits; dashes and spaces do not count.") }) : line("count", t("So many codes"))}
      <div className="codes-pair">
        {line("uses", t("Uses in all"), { placeholder: t("no limit") })}
        {line("perCode", t("Uses of each code"), { placeholder: t("no limit") })}
        {line("perMember", t("Uses by each member"))}
        <Field label={t("Last day")} help={t("Valid until its end, UTC.")}>{(wiring) => <input {...wiring} className="input" type="date" value={draft.ends} onChange={(event) => { set({ ends: event.target.value }); }} />}</Field>
      </div>
      <OnlyFor roles={here.roles} chosen={draft.onlyFor} set={(onlyFor) => { set({ onlyFor }); }} />
    </>
  );
}

export function MadeDialog({ made, onClose }: { made: Made; onClose: () => void }) {
  const text = made.codes.join("\n");
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      toast(t("They are copied."));
    } catch {
      toast(t("Your browser does not let this page copy. Mark them instead."), "bad");
    }
  }
  return (
    <Dialog title={t("The codes of {name}", { name: made.name })} onClose={onClose} footer={<><Button icon="table" onClick={() => { save("codes.csv", csv(["code"], made.codes.map((code) => [code]))); }}>{t("Save as CSV")}</Button><Button onClick={() => { void copy(); }}>{t("Copy")}</Button><Button look="main" onClick={onClose}>{t("I have them")}</Button></>}>
      <Banner tone="warn">{t("They are shown only now. Nobody can look them up later, because only their hashes are kept.")}</Banner>
      <pre className="codes-made" tabIndex={0} aria-label={t("The codes of {name}", { name: made.name })}>{text}</pre>
    </Dialog>
  );
}
