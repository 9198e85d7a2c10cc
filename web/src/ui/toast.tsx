/** Short answers that need no click. They stay longer when something went wrong. */
import { useSyncExternalStore } from "react";
import { t } from "../i18n";
import { IconButton } from "./button";
import { Icon } from "./icon";
import "./toast.css";

type Toast = { id: number; text: string; tone: "good" | "bad"; link?: { text: string; href: string } | undefined };

/** More would hide the page. */
const MOST = 4;
const SHOWN_MS = { good: 6_000, bad: 15_000 };

let toasts: Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

function change(next: Toast[]) {
  toasts = next.slice(-MOST);
  for (const told of listeners) told();
}

export function toast(text: string, tone: "good" | "bad" = "good", link?: { text: string; href: string }) {
  count += 1;
  const id = count;
  change([...toasts, { id, text, tone, link }]);
  setTimeout(() => { dismiss(id); }, SHOWN_MS[tone]);
}

function dismiss(id: number) {
  change(toasts.filter((kept) => kept.id !== id));
}

function subscribe(told: () => void) {
  listeners.add(told);
  return () => listeners.delete(told);
}

export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, tone, link }) => (
        <div key={id} className="toast">
          <span className={tone}><Icon name={tone === "good" ? "check" : "alert"} /></span>
          <p className="grow breaks">{text} {link !== undefined && <a href={link.href}>{link.text}</a>}</p>
          <IconButton icon="close" label={t("Dismiss")} className="button-quiet" onClick={() => { dismiss(id); }} />
        </div>
      ))}
    </div>
  );
}
