/** A word with a colour that means something; the word alone says it too. */
import type { ReactNode } from "react";
import "./badge.css";

export type Tone = "plain" | "good" | "bad" | "warn" | "info" | "accent";

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`badge tone-${tone}`}>{children}</span>;
}

export function Dot({ tone = "plain" }: { tone?: Tone }) {
  return <span className={`dot tone-${tone}`} aria-hidden="true" />;
}
