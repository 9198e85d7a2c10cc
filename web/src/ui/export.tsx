/** How many lines are loaded, and saves them as a file; `children` offer more than what is loaded. */
import type { ReactNode } from "react";
import { t } from "../i18n";
import { Button } from "./button";
import { Icon } from "./icon";

export function ExportBar({ count, onSave, children }: { count: number; onSave: () => void; children?: ReactNode }) {
  return (
    <div className="export-bar small muted">
      <span className="grow">{t("{count, plural, one {# line} other {# lines}} loaded", { count })}</span>
      <Button look="quiet" onClick={onSave}><Icon name="table" size={16} />{t("Save as CSV")}</Button>
      {children}
    </div>
  );
}
