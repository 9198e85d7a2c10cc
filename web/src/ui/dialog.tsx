/**
 * Windows over the page, as the browser makes them: focus stays inside, Escape closes, and focus
 * goes back to where it was. It needs no library and no style tag that the policy would refuse.
 */
import { useEffect, useId, useRef, type ReactNode } from "react";
import { t } from "../i18n";
import { IconButton } from "./button";
import "./dialog.css";

type DialogProps = { title: string; onClose: () => void; children: ReactNode; footer?: ReactNode; kind?: "window" | "drawer" };

export function Dialog({ title, onClose, children, footer, kind = "window" }: DialogProps) {
  const frame = useModal();
  const heading = useId();
  return (
    <dialog
      ref={frame}
      className={`dialog dialog-${kind}`}
      aria-labelledby={heading}
      onCancel={(event) => { event.preventDefault(); onClose(); }}
      onClick={(event) => { if (event.target === frame.current) onClose(); }}
    >
      <div className="dialog-inside">
        <header className="dialog-head">
          <h2 id={heading} className="breaks">{title}</h2>
          <IconButton icon="close" label={t("Close")} className="button-quiet" onClick={onClose} />
        </header>
        <div className="dialog-body">{children}</div>
        {footer !== undefined && <footer className="dialog-foot">{footer}</footer>}
      </div>
    </dialog>
  );
}

/** Opens the element as a modal window for as long as it is on the page. */
export function useModal() {
  const frame = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const before = document.activeElement;
    if (!element.open) element.showModal();
    return () => {
      element.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return frame;
}
