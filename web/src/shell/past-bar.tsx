/** Says that the past is looked at, which moment that is, and leads back to now. */
import { Link } from "@tanstack/react-router";
import { t } from "../i18n";
import { moment, number } from "../i18n/format";
import { Icon } from "../ui/icon";

/** The same page, now. */
function withoutAt<S extends { at?: string }>(search: S): S {
  const rest = { ...search };
  delete rest.at;
  return rest;
}

export function PastBar({ at, seq, time }: { at: string; seq?: string | undefined; time?: string | undefined }) {
  return (
    <div className="past" role="status">
      <Icon name="history" />
      <span className="grow">
        <strong>{t("Viewing the past")}</strong>{" · "}
        {seq !== undefined && time !== undefined ? t("after event #{seq}, {time}", { seq: number(seq), time: moment(time) }) : at}
        {" · "}{t("nothing can be changed here")}
      </span>
      <Link to="." search={withoutAt} className="button">{t("Back to now")}</Link>
    </div>
  );
}
