/** Raw data, for reading and copying. */
import { t } from "../i18n";
import { Button } from "./button";
import { toast } from "./toast";
import "./json.css";

export function pretty(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}

export function Json({ raw, label }: { raw: string; label: string }) {
  const text = pretty(raw);
  return (
    <figure className="json">
      <figcaption className="row">
        <span className="grow small muted">{label}</span>
        <Button look="quiet" onClick={() => { void navigator.clipboard.writeText(text).then(() => { toast(t("Copied.")); }, () => { toast(t("The browser did not let us copy."), "bad"); }); }}>{t("Copy")}</Button>
      </figcaption>
      <pre tabIndex={0} aria-label={label}>{text}</pre>
    </figure>
  );
}
