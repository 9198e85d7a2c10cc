/** Picks one member by their Discord id; what is not yet a whole id changes nothing. */
import { useState } from "react";
import { t } from "../../i18n";
import { SearchInput } from "../../ui/field";

export function MemberFilter({ user, onChange }: { user: string | undefined; onChange: (user: string | undefined) => void }) {
  const [typed, setTyped] = useState(user ?? "");
  return (
    <SearchInput
      label={t("Member's Discord id")}
      placeholder={t("Member's Discord id")}
      inputMode="numeric"
      value={typed}
      onChange={(event) => {
        const text = event.target.value.replace(/\D/g, "").slice(0, 20);
        setTyped(text);
        if (text === "") onChange(undefined);
        else if (text.length >= 15) onChange(text);
      }}
    />
  );
}
