/** Other limits for a campaign that runs, and revoking one of its codes. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, TextInput } from "../../ui/field";
import type { Campaign, Here } from "./codes";
import { endOf, lastDayOf } from "./days";
import { OnlyFor } from "./only-for";
import "./codes.css";

const LIMIT = graphql(`mutation CampaignLimit($input: CampaignLimit!) { campaignLimit(input: $input) { status refusal { rule text } } }`);
const REVOKE = graphql(`mutation CodeRevoke($input: CodeRevoke!) { codeRevoke(input: $input) { status refusal { rule text } } }`);

const isCount = (text: string) => /^[1-9]\d{0,8}$/.test(text.trim());
const text = (count: number | null | undefined) => (count == null ? "" : String(count));
const count = (written: string) => (written.trim() === "" ? null : Number(written));

export function LimitDialog({ campaign, here, onClose, onDone }: { campaign: Campaign; here: Here; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [uses, setUses] = useState(text(campaign.usesMost));
  const [perCode, setPerCode] = useState(text(campaign.usesPerCode));
  const [perMember, setPerMember] = useState(text(campaign.usesPerMember));
  const [ends, setEnds] = useState(lastDayOf(campaign.ends));
  const [onlyFor, setOnlyFor] = useState<readonly string[]>(campaign.onlyFor);
  const [key] = useState(freshKey);
  const { act, busy } = useDo(LIMIT, (data) => data.campaignLimit);
  const isGood = [uses, perCode].every((written) => written.trim() === "" || isCount(written)) && isCount(perMember);
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!isGood) return;
    const isSameDay = ends === lastDayOf(campaign.ends);
    const input = { guild: id, campaign: campaign.id, key, uses: count(uses), usesPerCode: count(perCode), usesPerMember: Number(perMember), onlyFor: [...onlyFor], ...(isSameDay ? {} : { ends: endOf(ends) }) };
    if ((await act({ input }, t("The limits are as you said."))) !== undefined) onDone();
  }
  const line = (label: string, value: string, set: (value: string) => void, placeholder = "") => <Field label={label}>{(wiring) => <TextInput {...wiring} inputMode="numeric" maxLength={9} placeholder={placeholder} value={value} onChange={(event) => { set(event.target.value); }} />}</Field>;
  return (
    <Dialog title={t("Limits of {name}", { name: campaign.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="limit" look="main" busy={busy} refused={isGood ? undefined : t("Write whole numbers.")}>{t("Change")}</Button></>}>
      <form id="limit" className="stack" onSubmit={(event) => { void submit(event); }}>
        <div className="codes-pair">
          {line(t("Uses in all"), uses, setUses, t("no limit"))}
          {line(t("Uses of each code"), perCode, setPerCode, t("no limit"))}
          {line(t("Uses by each member"), perMember, setPerMember)}
          <Field label={t("Last day")} help={t("Valid until its end, UTC.")}>{(wiring) => <input {...wiring} className="input" type="date" value={ends} onChange={(event) => { setEnds(event.target.value); }} />}</Field>
        </div>
        <OnlyFor roles={here.roles} chosen={onlyFor} set={setOnlyFor} />
      </form>
    </Dialog>
  );
}

export function RevokeCodeDialog({ onClose }: { onClose: () => void }) {
  const { id } = useGuild();
  const [code, setCode] = useState("");
  const [key] = useState(freshKey);
  const { act, busy } = useDo(REVOKE, (data) => data.codeRevoke);
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (code.trim() === "") return;
    if ((await act({ input: { guild: id, code: code.trim(), key } }, t("This code is no longer valid. What was redeemed with it stays."))) !== undefined) onClose();
  }
  return (
    <Dialog title={t("Revoke one code")} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="revoke" look="danger" busy={busy} refused={code.trim() === "" ? t("Write the code first.") : undefined}>{t("Revoke")}</Button></>}>
      <form id="revoke" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Code")} help={t("As it was written when it was made. No other code of its campaign is touched.")}>{(wiring) => <TextInput {...wiring} autoFocus maxLength={64} value={code} onChange={(event) => { setCode(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}
