/** Makes a squad, or changes one. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, Select, TextInput } from "../../ui/field";
import type { Squad } from "./squads";

const CREATE = graphql(`mutation SquadCreate($input: SquadCreate!) { squadCreate(input: $input) { status refusal { rule text } } }`);
const EDIT = graphql(`mutation SquadEdit($input: SquadEdit!) { squadEdit(input: $input) { status refusal { rule text } } }`);

type Props = { squad: Squad | undefined; roles: readonly { id: string; name: string }[]; onClose: () => void; onDone: () => void };

export function SquadDialog({ squad, roles, onClose, onDone }: Props) {
  const { id } = useGuild();
  const [name, setName] = useState(squad?.name ?? "");
  const [description, setDescription] = useState(squad?.description ?? "");
  const [role, setRole] = useState(squad?.role ?? "");
  const [key] = useState(freshKey);
  const create = useDo(CREATE, (data) => data.squadCreate);
  const edit = useDo(EDIT, (data) => data.squadEdit);
  const problem = name.trim() === "" ? t("Give it a name first.") : role === "" ? t("Choose its role first.") : undefined;
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    const said = { guild: id, name: name.trim(), description: description.trim(), key };
    const done = squad === undefined
      ? await create.act({ input: { ...said, role } }, t("Members can join it now."))
      : await edit.act({ input: { ...said, squad: squad.id, ...(role === squad.role ? {} : { role }) } }, t("It is changed."));
    if (done !== undefined) onDone();
  }
  const isKnown = role === "" || roles.some((one) => one.id === role);
  return (
    <Dialog title={squad === undefined ? t("New squad") : t("Change {name}", { name: squad.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="squad" look="main" busy={create.busy || edit.busy} refused={problem}>{squad === undefined ? t("Make it") : t("Change")}</Button></>}>
      <form id="squad" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Name")} help={t("1 to 32 characters; no other squad has it.")}>{(wiring) => <TextInput {...wiring} autoFocus maxLength={32} value={name} onChange={(event) => { setName(event.target.value); }} />}</Field>
        <Field label={t("What it is")} help={t("Shown in /squads list.")}>{(wiring) => <TextInput {...wiring} maxLength={200} value={description} onChange={(event) => { setDescription(event.target.value); }} />}</Field>
        <Field label={t("Role")} help={t("Its members have it. It must be below this bot's highest role and below yours, and no other squad may use it; it changes only while nobody is in the squad.")}>{(wiring) => (
          <Select {...wiring} value={role} onChange={(event) => { setRole(event.target.value); }}>
            {role === "" && <option value="">{t("Choose …")}</option>}
            {!isKnown && <option value={role}>{t("{id} (gone)", { id: role })}</option>}
            {roles.map((one) => <option key={one.id} value={one.id}>@{one.name}</option>)}
          </Select>
        )}</Field>
      </form>
    </Dialog>
  );
}
