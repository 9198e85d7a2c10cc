/** What a host may do with a giveaway, each asked once more where it cannot be taken back. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { t } from "../../i18n";
import { span } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Dialog } from "../../ui/dialog";
import { Field, TextInput } from "../../ui/field";
import { personName } from "../members/person";
import { CANCEL, EDIT, END, PAUSE, REROLL, RESUME, type Giveaway, type Winner } from "./queries";
import { readSpan } from "./spans";

export function Deeds({ giveaway, onDone }: { giveaway: Giveaway; onDone: () => void }) {
  const { id: guild, may, refused } = useGuild();
  const [open, setOpen] = useState<"edit" | "end" | "cancel">();
  const pause = useDo(PAUSE, (data) => data.giveawayPause.done);
  const resume = useDo(RESUME, (data) => data.giveawayResume.done);
  if (!may("MANAGE_GIVEAWAYS")) return null;
  const stop = refused("MANAGE_GIVEAWAYS");
  const runs = giveaway.state === "OPEN" || giveaway.state === "PAUSED";
  if (!runs && giveaway.state !== "CLOSED") return null;
  const input = () => ({ guild, giveaway: giveaway.id, key: freshKey() });
  async function turn() {
    const done = giveaway.state === "PAUSED" ? await resume.act({ input: input() }, t("It goes on.")) : await pause.act({ input: input() }, t("It is paused: nobody enters, and its end waits."));
    if (done !== undefined) onDone();
  }
  const close = () => { setOpen(undefined); };
  const done = () => { close(); onDone(); };
  return (
    <>
      {runs && <Button refused={stop} onClick={() => { setOpen("edit"); }}>{t("Change")}</Button>}
      {runs && <Button refused={stop} busy={pause.busy || resume.busy} onClick={() => { void turn(); }}>{giveaway.state === "PAUSED" ? t("Go on") : t("Pause")}</Button>}
      {runs && <Button look="main" refused={stop} onClick={() => { setOpen("end"); }}>{t("End and draw")}</Button>}
      <Button look="danger" refused={stop} onClick={() => { setOpen("cancel"); }}>{t("Call off")}</Button>
      {open === "edit" && <EditDialog giveaway={giveaway} onClose={close} onDone={done} />}
      {open === "end" && <SureDialog verb="end" giveaway={giveaway} onClose={close} onDone={done} />}
      {open === "cancel" && <SureDialog verb="cancel" giveaway={giveaway} onClose={close} onDone={done} />}
    </>
  );
}

type DialogProps = { giveaway: Giveaway; onClose: () => void; onDone: () => void };

function SureDialog({ verb, giveaway, onClose, onDone }: DialogProps & { verb: "end" | "cancel" }) {
  const { id: guild } = useGuild();
  const [key] = useState(freshKey);
  const end = useDo(END, (data) => data.giveawayEnd.done);
  const cancel = useDo(CANCEL, (data) => data.giveawayCancel.done);
  async function act() {
    const input = { guild, giveaway: giveaway.id, key };
    const done = verb === "end" ? await end.act({ input }, t("It is closed; the draw follows in its channel.")) : await cancel.act({ input }, t("It is called off."));
    if (done !== undefined) onDone();
  }
  const values = { prize: giveaway.prize, count: Number(giveaway.entries) };
  return (
    <Dialog
      title={verb === "end" ? t("End it now?") : t("Call it off?")}
      onClose={onClose}
      footer={<><Button onClick={onClose}>{t("Back")}</Button><Button look={verb === "end" ? "main" : "danger"} busy={end.busy || cancel.busy} onClick={() => { void act(); }}>{verb === "end" ? t("End and draw") : t("Call off")}</Button></>}
    >
      <p className="breaks">{verb === "end" ? t("“{prize}” closes with {count, plural, one {# entry} other {# entries}}, and is drawn at once.", values) : t("Nobody is drawn for “{prize}”. {count, plural, one {# member is} other {# members are}} in, and will see that in Discord. It cannot be taken back.", values)}</p>
    </Dialog>
  );
}

function EditDialog({ giveaway, onClose, onDone }: DialogProps) {
  const { id: guild } = useGuild();
  const [key] = useState(freshKey);
  const [prize, setPrize] = useState(giveaway.prize);
  const [winners, setWinners] = useState(String(giveaway.winnerCount));
  const [claim, setClaim] = useState(span(giveaway.claimSecs));
  const [rerolls, setRerolls] = useState(String(giveaway.maxRerolls));
  const [endsIn, setEndsIn] = useState("");
  const { act, busy } = useDo(EDIT, (data) => data.giveawayEdit.done);
  const spans = [claim, endsIn].map(readSpan);
  const problem = prize.trim() === "" ? t("Name the prize first.") : spans.includes(undefined) ? t("Write spans of time as 30m, 24h or 7d.") : ![winners, rerolls].every((text) => /^\d{1,6}$/.test(text.trim())) ? t("Write whole numbers.") : undefined;
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    const input = { guild, giveaway: giveaway.id, key, prize: prize.trim(), winners: Number(winners), claimSecs: spans[0] ?? null, endsInSecs: spans[1] ?? null, maxRerolls: Number(rerolls) };
    if ((await act({ input }, t("It is changed, also in Discord."))) !== undefined) onDone();
  }
  return (
    <Dialog title={t("Change the giveaway")} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="change" look="main" busy={busy} refused={problem}>{t("Change")}</Button></>}>
      <form id="change" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Prize")}>{(wiring) => <TextInput {...wiring} maxLength={200} value={prize} onChange={(event) => { setPrize(event.target.value); }} />}</Field>
        <div className="form-pair">
          <Field label={t("Ends in")} help={t("From now on. Empty: as it was.")}>{(wiring) => <TextInput {...wiring} maxLength={12} placeholder="24h" value={endsIn} onChange={(event) => { setEndsIn(event.target.value); }} />}</Field>
          <Field label={t("Winners")}>{(wiring) => <TextInput {...wiring} maxLength={3} inputMode="numeric" value={winners} onChange={(event) => { setWinners(event.target.value); }} />}</Field>
          <Field label={t("Time to claim")} help={t("0s: nothing has to be claimed.")}>{(wiring) => <TextInput {...wiring} maxLength={12} value={claim} onChange={(event) => { setClaim(event.target.value); }} />}</Field>
          <Field label={t("At most so many rerolls")}>{(wiring) => <TextInput {...wiring} maxLength={3} inputMode="numeric" value={rerolls} onChange={(event) => { setRerolls(event.target.value); }} />}</Field>
        </div>
      </form>
    </Dialog>
  );
}

export function RerollDialog({ giveaway, winner, onClose, onDone }: { giveaway: string; winner: Winner; onClose: () => void; onDone: () => void }) {
  const { id: guild } = useGuild();
  const [key] = useState(freshKey);
  const [reason, setReason] = useState("");
  const { act, busy } = useDo(REROLL, (data) => data.giveawayReroll.done);
  const problem = reason.trim() === "" ? t("Say why first.") : undefined;
  const name = winner.person == null ? "" : personName(winner.person);
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const user = winner.person?.userId;
    if (problem !== undefined || user == null) return;
    if ((await act({ input: { guild, giveaway, winner: user, reason: reason.trim(), key } }, t("Somebody else is drawn now."))) !== undefined) onDone();
  }
  return (
    <Dialog title={t("Give the prize of {name} to somebody else?", { name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Back")}</Button><Button type="submit" form="reroll" look="danger" busy={busy} refused={problem}>{t("Reroll")}</Button></>}>
      <form id="reroll" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Why")} help={t("Kept with the reroll, sealed, and shown to those who run giveaways.")}>{(wiring) => <TextInput {...wiring} autoFocus maxLength={300} value={reason} onChange={(event) => { setReason(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}
