/** How many lines are loaded, and saves them as a file. */
import { t } from "../i18n";
import { Button } from "./button";
import { Icon } from "./icon";

export function ExportBar({ count, onSave }: { count: number; onSave: () => void }) {
  return (
    <div className="export-bar small muted">
      <span className="grow">{t("{count, plural, one {# line} other {# lines}} loaded", { count })}</span>
      <Button look="quiet" onClick={onSave}><Icon name="table" size={16} />{t("Save as CSV")}</Button>
    </div>
  );
}
