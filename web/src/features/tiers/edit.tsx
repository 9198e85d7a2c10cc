/** Makes a role a tier, changes one, and gives one to a member. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, Select, TextInput } from "../../ui/field";
import type { Tier } from "./tiers";

const SET = graphql(`mutation TierSet($input: TierSet!) { tierSet(input: $input) { status refusal { rule text } } }`);
const GIVE = graphql(`mutation TierGive($input: TierGive!) { tierGive(input: $input) { done { status refusal { rule text } } until } }`);

type Props = { tier: Tier | undefined; roles: readonly { id: string; name: string }[]; onClose: () => void; onDone: () => void };

export function TierDialog({ tier, roles, onClose, onDone }: Props) {
  const { id } = useGuild();
  const [name, setName] = useState(tier?.name ?? "");
  const [role, setRole] = useState(tier?.role ?? "");
  const [bonus, setBonus] = useState(tier?.dailyBonus ?? "0");
  const [key] = useState(freshKey);
  const { act, busy } = useDo(SET, (data) => data.tierSet);
  const problem = role === "" ? t("Choose its role first.") : name.trim() === "" ? t("Give it a name first.") : /^\d{1,9}$/.test(bonus.trim()) ? undefined : t("Write whole numbers.");
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    if ((await act({ input: { guild: id, role, name: name.trim(), dailyBonus: bonus.trim(), key } }, t("It is a tier now."))) !== undefined) onDone();
  }
  return (
    <Dialog title={tier === undefined ? t("New tier") : t("Change {name}", { name: tier.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="tier" look="main" busy={busy} refused={problem}>{tier === undefined ? t("Make it") : t("Change")}</Button></>}>
      <form id="tier" className="stack" onSubmit={(event) => { void submit(event); }}>
        {tier === undefined && (
          <Field label={t("Role")} help={t("It must be below this bot's highest role and below yours.")}>{(wiring) => (
            <Select {...wiring} value={role} onChange={(event) => { setRole(event.target.value); }}>
              {role === "" && <option value="">{t("Choose …")}</option>}
              {roles.map((one) => <option key={one.id} value={one.id}>@{one.name}</option>)}
            </Select>
          )}</Field>
        )}
        <Field label={t("Name")}>{(wiring) => <TextInput {...wiring} maxLength={32} value={name} onChange={(event) => { setName(event.target.value); }} />}</Field>
        <Field label={t("Daily bonus")} help={t("On top of the daily reward; 0 for none.")}>{(wiring) => <TextInput {...wiring} inputMode="numeric" maxLength={9} value={bonus} onChange={(event) => { setBonus(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}

export function GiveDialog({ tier, onClose, onDone }: { tier: Tier; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [user, setUser] = useState("");
  const [days, setDays] = useState("30");
  const [key] = useState(freshKey);
  const { act, busy } = useDo(GIVE, (data) => data.tierGive.done);
  const problem = !/^\d{15,20}$/.test(user) ? t("Say to whom first.") : /^[1-9]\d{0,3}$/.test(days.trim()) ? undefined : t("Write whole numbers.");
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    if ((await act({ input: { guild: id, user, role: tier.role, days: Number(days), key } }, t("They hold it now; the role follows."))) !== undefined) onDone();
  }
  return (
    <Dialog title={t("Give {name}", { name: tier.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="give" look="main" busy={busy} refused={problem}>{t("Give")}</Button></>}>
      <form id="give" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Discord id")} help={t("15 to 20 digits; in Discord: right click, “Copy User ID”.")}>{(wiring) => <TextInput {...wiring} autoFocus inputMode="numeric" value={user} onChange={(event) => { setUser(event.target.value.replace(/\D/g, "").slice(0, 20)); }} />}</Field>
        <Field label={t("For so many days")} help={t("Added to what they have left, where they hold it.")}>{(wiring) => <TextInput {...wiring} inputMode="numeric" maxLength={4} value={days} onChange={(event) => { setDays(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}
