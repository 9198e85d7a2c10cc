/** Buttons. A disabled one says why: it stays reachable by keyboard, and names what is missing. */
import { useId, type ButtonHTMLAttributes, type ReactNode } from "react";
import { Icon, type IconName } from "./icon";
import "./button.css";

type Look = "plain" | "main" | "danger" | "quiet";

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: Look;
  icon?: IconName;
  /** Why it cannot be pressed now. */
  refused?: string | undefined;
  busy?: boolean;
  children?: ReactNode;
};

export function Button({ look = "plain", icon, refused, busy, children, onClick, className, ...rest }: ButtonProps) {
  const reason = useId();
  const stopped = refused !== undefined || busy === true;
  return (
    <>
      <button
        type="button"
        {...rest}
        className={`button button-${look} ${className ?? ""}`}
        aria-disabled={stopped || undefined}
        aria-busy={busy === true || undefined}
        aria-describedby={refused === undefined ? rest["aria-describedby"] : reason}
        title={refused ?? rest.title}
        onClick={(event) => {
          if (stopped) event.preventDefault();
          else onClick?.(event);
        }}
      >
        {busy === true ? <span className="spinner" aria-hidden="true" /> : icon !== undefined && <Icon name={icon} />}
        {children}
      </button>
      {refused !== undefined && <span id={reason} className="unseen">{refused}</span>}
    </>
  );
}

type IconButtonProps = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "aria-label"> & { icon: IconName; label: string };

export function IconButton({ icon, label, className, ...rest }: IconButtonProps) {
  return (
    <button type="button" title={label} {...rest} className={`button button-icon ${className ?? ""}`} aria-label={label}>
      <Icon name={icon} />
    </button>
  );
}
