/** A part of a page, with its name and what can be done there. */
import { useId, type ReactNode } from "react";
import "./card.css";

export function Card({ title, note, actions, children, flush = false }: { title?: string; note?: ReactNode; actions?: ReactNode; children: ReactNode; flush?: boolean }) {
  const heading = useId();
  return (
    <section className={`card ${flush ? "card-flush" : ""}`} aria-labelledby={title === undefined ? undefined : heading}>
      {title !== undefined && (
        <header className="card-head">
          <h2 id={heading}>{title} {note !== undefined && <span className="muted card-note">{note}</span>}</h2>
          {actions !== undefined && <div className="row">{actions}</div>}
        </header>
      )}
      {children}
    </section>
  );
}

/** One number with its name. */
export function Figure({ name, value, note, tone, aside }: { name: string; value: ReactNode; note?: ReactNode; tone?: "good" | "bad"; aside?: ReactNode }) {
  return (
    <div className="card figure">
      <dt className="muted small">{name}</dt>
      <dd className="figure-value num">{value}{aside}</dd>
      {note !== undefined && <dd className={`small ${tone ?? "muted"}`}>{note}</dd>}
    </div>
  );
}

export function Figures({ children }: { children: ReactNode }) {
  return <dl className="figures">{children}</dl>;
}

/** Names and values, one below the other. */
export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt className="muted">{name}</dt>
          <dd className="breaks">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
