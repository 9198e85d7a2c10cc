/** Which roles codes are for: whoever has one of them, or everybody where none is chosen. */
import { t } from "../../i18n";
import { Field, Select } from "../../ui/field";
import { Icon } from "../../ui/icon";
import "./codes.css";

type Role = { id: string; name: string };

/** As many as a campaign takes. */
const MOST = 20;

export const roleName = (id: string, roles: readonly Role[]) => `@${roles.find((role) => role.id === id)?.name ?? id}`;

export function OnlyFor({ roles, chosen, set }: { roles: readonly Role[]; chosen: readonly string[]; set: (chosen: readonly string[]) => void }) {
  const left = roles.filter((role) => !chosen.includes(role.id));
  return (
    <Field label={t("Only for")} help={chosen.length === 0 ? t("Everybody may redeem them.") : t("Whoever has one of these roles may redeem them.")}>{(wiring) => (
      <div className="codes-roles">
        {chosen.map((id) => {
          const name = roleName(id, roles);
          return <button key={id} type="button" className="chip" aria-label={t("Leave {role} out", { role: name })} onClick={() => { set(chosen.filter((one) => one !== id)); }}>{name} <Icon name="close" /></button>;
        })}
        <Select {...wiring} value="" disabled={chosen.length >= MOST || left.length === 0} onChange={(event) => { if (event.target.value !== "") set([...chosen, event.target.value]); }}>
          <option value="">{t("Add a role …")}</option>
          {left.map((role) => <option key={role.id} value={role.id}>@{role.name}</option>)}
        </Select>
      </div>
    )}</Field>
  );
}
