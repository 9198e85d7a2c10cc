/** What happened, in order; each step with its moment and who did it. */
import type { ReactNode } from "react";
import { brief, moment } from "../i18n/format";
import type { Tone } from "./badge";
import "./timeline.css";

export type Step = { key: string; at: string; tone?: Tone; title: ReactNode; children?: ReactNode };

export function Timeline({ steps, label }: { steps: Step[]; label: string }) {
  return (
    <ol className="timeline" aria-label={label}>
      {steps.map((step) => (
        <li key={step.key} className={`timeline-step tone-${step.tone ?? "plain"}`}>
          <div className="timeline-title breaks">{step.title}</div>
          <time className="small muted" dateTime={step.at} title={moment(step.at)}>{brief(step.at)}</time>
          {step.children !== undefined && <div className="timeline-more">{step.children}</div>}
        </li>
      ))}
    </ol>
  );
}
