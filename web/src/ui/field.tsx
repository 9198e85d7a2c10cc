/** A control with its name, what it is for, and what is wrong with it. */
import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";
import { Icon } from "./icon";
import "./field.css";

type Wiring = { id: string; "aria-describedby": string | undefined; "aria-invalid": true | undefined };

export function Field({ label, help, problem, children }: { label: string; help?: ReactNode; problem?: string | undefined; children: (wiring: Wiring) => ReactNode }) {
  const id = useId();
  const described = [help === undefined ? "" : `${id}-help`, problem === undefined ? "" : `${id}-problem`].filter(Boolean).join(" ");
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": described === "" ? undefined : described, "aria-invalid": problem === undefined ? undefined : true })}
      {help !== undefined && <p id={`${id}-help`} className="small muted">{help}</p>}
      {problem !== undefined && <p id={`${id}-problem`} className="small bad" role="alert">{problem}</p>}
    </div>
  );
}

export function TextInput({ className, ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return <input type="text" autoComplete="off" spellCheck={false} {...rest} className={`input ${className ?? ""}`} />;
}

export function TextArea({ className, ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return <textarea rows={3} autoComplete="off" {...rest} className={`input ${className ?? ""}`} />;
}

export function Select({ className, children, ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <span className={`select ${className ?? ""}`}>
      <select {...rest} className="input">{children}</select>
      <Icon name="down" size={16} />
    </span>
  );
}

export function SearchInput({ label, ...rest }: InputHTMLAttributes<HTMLInputElement> & { label: string }) {
  return (
    <span className="search">
      <Icon name="search" size={16} />
      <input type="search" autoComplete="off" spellCheck={false} {...rest} className="input" aria-label={label} />
    </span>
  );
}

/** On or off, at once readable as that. */
export function Switch({ on, label, onChange, refused, busy }: { on: boolean; label: string; onChange: (on: boolean) => void; refused?: string | undefined; busy?: boolean }) {
  const reason = useId();
  const stopped = refused !== undefined || busy === true;
  return (
    <>
      <button type="button" role="switch" className="switch" aria-checked={on} aria-label={label} aria-disabled={stopped || undefined} aria-describedby={refused === undefined ? undefined : reason} title={refused} onClick={() => { if (!stopped) onChange(!on); }}>
        <span className="switch-knob" />
      </button>
      {refused !== undefined && <span id={reason} className="unseen">{refused}</span>}
    </>
  );
}
