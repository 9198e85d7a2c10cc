/** Acting on a member: what is done, for how long and why, said once more before it is done. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import type { Permission } from "../../shell/navigation";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, Select, TextArea, TextInput } from "../../ui/field";
import { readLength } from "./duration";

const WARN = graphql(`mutation Warn($input: WarnInput!) { warn(input: $input) { done { status refusal { rule text } } number until activeWarnings step { deed number until } } }`);
const PUNISH = graphql(`mutation Punish($input: PunishInput!) { punish(input: $input) { done { status refusal { rule text } } number until } }`);
const NOTE = graphql(`mutation MemberNote($input: NoteInput!) { memberNote(input: $input) { done { status refusal { rule text } } number } }`);

export const DEEDS = ["WARN", "NOTE", "TIMEOUT", "END_TIMEOUT", "KICK", "SOFTBAN", "BAN", "UNBAN"] as const;
export type Deed = (typeof DEEDS)[number];

export const NEEDS: Record<Deed, Permission> = { WARN: "MODERATE", NOTE: "MODERATE", TIMEOUT: "MODERATE", END_TIMEOUT: "MODERATE", KICK: "KICK", SOFTBAN: "BAN", BAN: "BAN", UNBAN: "BAN" };

export function deedName(deed: Deed): string {
  switch (deed) {
    case "WARN": return t("Warn");
    case "NOTE": return t("Write a note");
    case "TIMEOUT": return t("Time out");
    case "END_TIMEOUT": return t("End the timeout");
    case "KICK": return t("Kick");
    case "SOFTBAN": return t("Softban");
    case "BAN": return t("Ban");
    case "UNBAN": return t("Unban");
  }
}

/** What it touches, before it is done. */
function touches(deed: Deed, name: string): string {
  switch (deed) {
    case "WARN": return t("{name} gets a case and is told of it where the community wants that. The ladder may follow.", { name });
    case "NOTE": return t("Only moderators read it; {name} is not told, and it counts for nothing.", { name });
    case "TIMEOUT": return t("{name} can neither write nor speak until the time is over.", { name });
    case "END_TIMEOUT": return t("{name} can write and speak again at once.", { name });
    case "KICK": return t("{name} has to leave, and may come back with an invitation.", { name });
    case "SOFTBAN": return t("{name} has to leave, what they wrote in the last days is deleted, and they may come back.", { name });
    case "BAN": return t("{name} has to leave and cannot come back until the ban is over. They can appeal under “My appeals”.", { name });
    case "UNBAN": return t("{name} may come back.", { name });
  }
}

const WITH_LENGTH: readonly Deed[] = ["TIMEOUT", "BAN"];
const WITH_DELETING: readonly Deed[] = ["BAN", "SOFTBAN"];
const OFTEN = ["10m", "1h", "1d", "7d", "28d"];
const MAX_CHARS = 1_000;

export function PunishDialog({ deed, user, name, onClose }: { deed: Deed; user: string; name: string; onClose: () => void }) {
  const { id } = useGuild();
  const [reason, setReason] = useState("");
  const [length, setLength] = useState(deed === "TIMEOUT" ? "1h" : "");
  const [severity, setSeverity] = useState<"MINOR" | "MAJOR">("MINOR");
  const [deleted, setDeleted] = useState(deed === "SOFTBAN" ? "86400" : "0");
  const [key] = useState(freshKey);
  const warn = useDo(WARN, (data) => data.warn.done);
  const punish = useDo(PUNISH, (data) => data.punish.done);
  const note = useDo(NOTE, (data) => data.memberNote.done);
  const read = readLength(length, deed === "BAN");
  const said = reason.trim();
  const problem = deed === "NOTE" && said === "" ? t("Write something first.") : WITH_LENGTH.includes(deed) && !read.ok ? t("Say how long first.") : undefined;

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    const base = { guild: id, user, key, reason: said === "" ? null : said };
    let data: object | undefined;
    if (deed === "WARN") data = await warn.act({ input: { ...base, severity } }, t("{name} was warned.", { name }));
    else if (deed === "NOTE") data = await note.act({ input: { guild: id, user, key, text: said } }, t("The note is kept."));
    else data = await punish.act({ input: { ...base, deed, durationSecs: WITH_LENGTH.includes(deed) && read.ok ? read.secs : null, deleteSecs: WITH_DELETING.includes(deed) && deleted !== "0" ? Number(deleted) : null } }, t("Ordered. Whether Discord did it stands on the case in a moment."));
    if (data !== undefined) onClose();
  }

  return (
    <Dialog
      title={`${deedName(deed)}: ${name}`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t("Cancel")}</Button>
          <Button type="submit" form="punish" look={["BAN", "KICK", "SOFTBAN"].includes(deed) ? "danger" : "main"} busy={warn.busy || punish.busy || note.busy} refused={problem}>{deedName(deed)}</Button>
        </>
      }
    >
      <form id="punish" className="stack" onSubmit={(event) => { void submit(event); }}>
        <p className="muted">{touches(deed, name)}</p>
        {deed === "WARN" && (
          <Field label={t("How grave")}>{(wiring) => (
            <Select {...wiring} value={severity} onChange={(event) => { setSeverity(event.target.value === "MAJOR" ? "MAJOR" : "MINOR"); }}>
              <option value="MINOR">{t("Minor")}</option>
              <option value="MAJOR">{t("Major")}</option>
            </Select>
          )}</Field>
        )}
        {WITH_LENGTH.includes(deed) && (
          <Field label={t("How long")} help={deed === "BAN" ? t("Such as 7d; nothing for good.") : t("Such as 10m, 2h or 7d; more than 28 days are renewed by themselves.")} problem={length !== "" && !read.ok ? t("Write a length from 1 minute to 5 years, such as 10m, 2h or 7d.") : undefined}>{(wiring) => (
            <>
              <TextInput {...wiring} value={length} onChange={(event) => { setLength(event.target.value); }} />
              <span className="row">{OFTEN.map((one) => <button key={one} type="button" className="chip" onClick={() => { setLength(one); }}>{one}</button>)}</span>
            </>
          )}</Field>
        )}
        {WITH_DELETING.includes(deed) && (
          <Field label={t("Delete what they wrote")}>{(wiring) => (
            <Select {...wiring} value={deleted} onChange={(event) => { setDeleted(event.target.value); }}>
              {deed === "BAN" && <option value="0">{t("nothing")}</option>}
              <option value="3600">{t("of the last hour")}</option>
              <option value="86400">{t("of the last day")}</option>
              <option value="604800">{t("of the last 7 days")}</option>
            </Select>
          )}</Field>
        )}
        <Field label={deed === "NOTE" ? t("Note") : t("Why")} help={deed === "NOTE" ? t("For moderators only.") : t("They are told it, and it stands on the case.")}>{(wiring) => <TextArea {...wiring} maxLength={MAX_CHARS} value={reason} onChange={(event) => { setReason(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}

