/** What a page says when there is nothing, not yet anything, or something went wrong. */
import type { ReactNode } from "react";
import { t } from "../i18n";
import { Icon, type IconName } from "./icon";
import "./notice.css";

export function Empty({ icon = "tray", title, children, action }: { icon?: IconName; title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="notice">
      <span className="notice-icon"><Icon name={icon} size={26} /></span>
      <p className="notice-title">{title}</p>
      {children !== undefined && <p className="muted">{children}</p>}
      {action}
    </div>
  );
}

/** What happened, why, and what to do; the id finds the record of it. */
export function Trouble({ title, children, errorId, action }: { title: string; children?: ReactNode; errorId?: string | undefined; action?: ReactNode }) {
  return (
    <div className="notice" role="alert">
      <span className="notice-icon notice-bad"><Icon name="alert" size={26} /></span>
      <p className="notice-title">{title}</p>
      {children !== undefined && <p className="muted">{children}</p>}
      {errorId !== undefined && <p className="small muted">{t("Error id:")} <code>{errorId}</code></p>}
      {action}
    </div>
  );
}

export function Banner({ tone, children, action }: { tone: "warn" | "bad" | "info"; children: ReactNode; action?: ReactNode }) {
  return <div className={`banner banner-${tone}`} role="status"><div className="grow">{children}</div>{action}</div>;
}

/** Grey lines where text will be. */
export function Skeleton({ lines = 4, tall = false }: { lines?: number; tall?: boolean }) {
  return (
    <div className="skeleton" role="status">
      <span className="unseen">{t("Loading …")}</span>
      {tall ? <span className="skeleton-block" /> : Array.from({ length: lines }, (_, line) => <span key={line} className="skeleton-line" />)}
    </div>
  );
}
