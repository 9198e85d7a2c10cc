/** Buttons that save a whole list, however long, as it is at the moment that is looked at. */
import { useState } from "react";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { toast } from "../../ui/toast";
import { addressOf, download, FORMATS, formatName, type Format, type Narrow } from "./download";
import "./exports.css";

export function Whole({ list, narrow = {}, bare = false }: { list: string; narrow?: Narrow; bare?: boolean }) {
  const { id, asOf } = useGuild();
  const [busy, setBusy] = useState<Format>();
  async function take(format: Format) {
    setBusy(format);
    const trouble = await download(addressOf(id, list, format, { asOf, ...narrow }), `${list}.${format}`);
    setBusy(undefined);
    if (trouble !== undefined) toast(trouble, "bad");
  }
  const waits = busy === undefined ? undefined : t("A file is being loaded already.");
  return (
    <span className="whole" role="group" aria-label={t("Save the whole list {list}", { list })}>
      {!bare && <span className="whole-name">{t("Whole list:")}</span>}
      {FORMATS.map((format) => (
        <Button key={format} look={bare ? "plain" : "quiet"} busy={busy === format} refused={busy === format ? undefined : waits} onClick={() => { void take(format); }}>{formatName(format)}</Button>
      ))}
    </span>
  );
}
