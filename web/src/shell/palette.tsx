/** Go anywhere by typing (Ctrl K): pages of this community, other communities, a member's id, a place in the history. */
import { useId, useState, type KeyboardEvent } from "react";
import { t } from "../i18n";
import { useModal } from "../ui/dialog";
import { Icon, type IconName } from "../ui/icon";
import { search, type Entry } from "./palette-search";

export type PaletteEntry = Entry & { icon: IconName; go: () => void };

/** More than these nobody reads. */
const MOST_SHOWN = 50;

export default function Palette({ entries, typedEntries, onClose }: { entries: PaletteEntry[]; typedEntries: (typed: string) => PaletteEntry[]; onClose: () => void }) {
  const frame = useModal();
  const list = useId();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(0);
  const found = [...typedEntries(typed.trim()), ...search(entries, typed)].slice(0, MOST_SHOWN);
  const chosen = Math.min(active, found.length - 1);

  function onKey(event: KeyboardEvent) {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      const next = (chosen + step + found.length) % found.length;
      setActive(next);
      document.getElementById(`${list}-${String(next)}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      choose(found[chosen]);
    } else return;
    event.preventDefault();
  }

  function choose(entry: PaletteEntry | undefined) {
    if (entry === undefined) return;
    onClose();
    entry.go();
  }

  return (
    <dialog ref={frame} className="palette" aria-label={t("Go to")} onCancel={(event) => { event.preventDefault(); onClose(); }} onClick={(event) => { if (event.target === frame.current) onClose(); }}>
      <div className="palette-input">
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-expanded={found.length > 0}
          aria-controls={list}
          aria-activedescendant={found.length > 0 ? `${list}-${String(chosen)}` : undefined}
          aria-label={t("Go to a page, a community, a member's id or #event")}
          placeholder={t("Go to a page, a community, a member's id or #event")}
          value={typed}
          onChange={(event) => { setTyped(event.target.value); setActive(0); }}
          onKeyDown={onKey}
        />
        <kbd>Esc</kbd>
      </div>
      <div id={list} className="palette-list" role="listbox" aria-label={t("Go to")}>
        {found.map((entry, index) => (
          <div key={entry.key} id={`${list}-${String(index)}`} role="option" aria-selected={index === chosen} className="palette-item" onMouseMove={() => { setActive(index); }} onClick={() => { choose(entry); }}>
            <Icon name={entry.icon} />
            <span className="grow cut">{entry.title}</span>
            <span className="small muted">{entry.section}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className="palette-none">{t("Nothing is called so.")}</p>}
    </dialog>
  );
}
