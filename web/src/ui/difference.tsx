/** What was, and what is. */
import { t } from "../i18n";
import "./difference.css";

export type Difference = { name: string; was: string; is: string };

export function Differences({ rows }: { rows: Difference[] }) {
  return (
    <ul className="differences">
      {rows.map((row) => (
        <li key={row.name}>
          <span className="differences-name">{row.name}</span>
          <span className="differences-values breaks">
            <del><span className="unseen">{t("was")} </span>{row.was === "" ? t("nothing") : row.was}</del>
            <span aria-hidden="true" className="muted"> → </span>
            <ins><span className="unseen">{t("is now")} </span>{row.is === "" ? t("nothing") : row.is}</ins>
          </span>
        </li>
      ))}
    </ul>
  );
}
