/** What moderators may do to a case. What one may not do stands there with the reason. */
import { useState, type SubmitEvent } from "react";
import { freshKey, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { useViewer } from "../../session/session";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Field, TextArea, TextInput } from "../../ui/field";
import { AnswerDialog } from "./answer";
import type { WholeCase } from "./case";
import { readLength } from "./duration";

const REASON = graphql(`mutation CaseReason($input: CaseText!) { caseReason(input: $input) { status refusal { rule text } } }`);
const NOTE = graphql(`mutation CaseNote($input: CaseText!) { caseNote(input: $input) { status refusal { rule text } } }`);
const EVIDENCE = graphql(`mutation CaseEvidence($input: CaseText!) { caseEvidence(input: $input) { status refusal { rule text } } }`);
const HIDE = graphql(`mutation CaseHide($input: CaseSwitch!) { caseHide(input: $input) { status refusal { rule text } } }`);
const RESOLVE = graphql(`mutation CaseResolve($input: CaseSwitch!) { caseResolve(input: $input) { status refusal { rule text } } }`);
const LINK = graphql(`mutation CaseLink($input: CaseLink!) { caseLink(input: $input) { status refusal { rule text } } }`);
const DURATION = graphql(`mutation CaseDuration($input: CaseDuration!) { caseDuration(input: $input) { done { status refusal { rule text } } until } }`);
const PARDON = graphql(`mutation CasePardon($input: CasePardon!) { casePardon(input: $input) { done { status refusal { rule text } } pardoned } }`);

type Act = "reason" | "note" | "evidence" | "link" | "duration" | "pardon" | "answer";

export function CaseActs({ one, again }: { one: WholeCase; again: () => void }) {
  const { id, refused } = useGuild();
  const viewer = useViewer();
  const [act, setAct] = useState<Act>();
  const hide = useDo(HIDE, (data) => data.caseHide);
  const resolve = useDo(RESOLVE, (data) => data.caseResolve);
  const stopped = refused("MODERATE") ?? (one.person.userId === viewer.userId ? t("This case is about yourself.") : undefined);
  const close = () => { setAct(undefined); again(); };
  const flip = async (verb: "hide" | "resolve", on: boolean, said: string) => {
    const input = { guild: id, number: one.number, on, key: freshKey() };
    await (verb === "hide" ? hide.act({ input }, said) : resolve.act({ input }, said));
    again();
  };
  const open = (which: Act, label: string, why?: string) => <Button refused={stopped ?? why} onClick={() => { setAct(which); }}>{label}</Button>;
  const isOver = ["REVOKED", "PARDONED", "FAILED"].includes(one.status);
  return (
    <Card title={t("What to do")}>
      <div className="case-acts">
        {one.appeal === "open" && <Button look="main" refused={stopped} onClick={() => { setAct("answer"); }}>{t("Answer the appeal")}</Button>}
        {open("reason", t("Write the reason"))}
        {open("note", t("Add a note"))}
        {open("evidence", t("Add evidence"))}
        {open("link", t("Link a case"))}
        {(one.kind === "BAN" || one.kind === "TIMEOUT") && open("duration", t("Another end"), one.standing === "in_force" ? undefined : t("It is not in force."))}
        {one.status === "OPEN" && <Button busy={resolve.busy} refused={stopped} onClick={() => { void flip("resolve", true, t("Called resolved.")); }}>{t("Resolve")}</Button>}
        {one.status === "RESOLVED" && <Button busy={resolve.busy} refused={stopped} onClick={() => { void flip("resolve", false, t("Open again.")); }}>{t("Open again")}</Button>}
        <Button busy={hide.busy} refused={stopped} onClick={() => { void flip("hide", !one.hidden, one.hidden ? t("Shown again.") : t("Hidden. All of it is kept.")); }}>{one.hidden ? t("Show again") : t("Hide")}</Button>
        <Button look="danger" refused={stopped ?? (isOver ? t("There is nothing left to pardon.") : undefined)} onClick={() => { setAct("pardon"); }}>{t("Pardon")}</Button>
      </div>
      {act === "reason" && <TextDialog title={t("Another reason for case {number}", { number: one.number })} help={t("The one before stays on record.")} label={t("Reason")} begin={one.reason ?? ""} verb="reason" number={one.number} onClose={close} />}
      {act === "note" && <TextDialog title={t("A note beside case {number}", { number: one.number })} help={t("For moderators only; it is never taken out.")} label={t("Note")} begin="" verb="note" number={one.number} onClose={close} />}
      {act === "evidence" && <TextDialog title={t("Evidence for case {number}", { number: one.number })} help={t("In your words, or a link. It is never taken out.")} label={t("Evidence")} begin="" verb="evidence" number={one.number} onClose={close} />}
      {act === "link" && <LinkDialog one={one} onClose={close} />}
      {act === "duration" && <DurationDialog one={one} onClose={close} />}
      {act === "pardon" && <PardonDialog one={one} onClose={close} />}
      {act === "answer" && <AnswerDialog number={one.number} onClose={close} />}
    </Card>
  );
}

const MAX_TEXT = 2_000;

function TextDialog({ title, help, label, begin, verb, number, onClose }: { title: string; help: string; label: string; begin: string; verb: "reason" | "note" | "evidence"; number: number; onClose: () => void }) {
  const { id } = useGuild();
  const [text, setText] = useState(begin);
  const [key] = useState(freshKey);
  const reason = useDo(REASON, (data) => data.caseReason);
  const note = useDo(NOTE, (data) => data.caseNote);
  const evidence = useDo(EVIDENCE, (data) => data.caseEvidence);
  const nothing = text.trim() === "" || text.trim() === begin.trim() ? t("Write something first.") : undefined;
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (nothing !== undefined) return;
    const variables = { input: { guild: id, number, text: text.trim(), key } };
    const act = { reason: () => reason.act(variables, t("The reason is written.")), note: () => note.act(variables, t("The note is kept.")), evidence: () => evidence.act(variables, t("The evidence is kept.")) }[verb];
    if (await act() !== undefined) onClose();
  }
  return (
    <Dialog title={title} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="case-text" look="main" busy={reason.busy || note.busy || evidence.busy} refused={nothing}>{t("Keep it")}</Button></>}>
      <form id="case-text" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={label} help={help}>{(wiring) => <TextArea {...wiring} autoFocus maxLength={MAX_TEXT} value={text} onChange={(event) => { setText(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}

function LinkDialog({ one, onClose }: { one: WholeCase; onClose: () => void }) {
  const { id } = useGuild();
  const [other, setOther] = useState("");
  const [key] = useState(freshKey);
  const link = useDo(LINK, (data) => data.caseLink);
  const number = /^\d{1,9}$/.test(other) ? Number(other) : 0;
  const isLinked = one.links.includes(number);
  const problem = number === 0 ? t("Write the number of another case.") : undefined;
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    const done = await link.act({ input: { guild: id, number: one.number, other: number, on: !isLinked, key } }, isLinked ? t("They are no longer linked.") : t("They are linked."));
    if (done !== undefined) onClose();
  }
  return (
    <Dialog title={t("Link case {number} with another", { number: one.number })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="case-link" look="main" busy={link.busy} refused={problem}>{isLinked ? t("Take the link away") : t("Link")}</Button></>}>
      <form id="case-link" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("Number of the other case")} help={one.links.length === 0 ? t("Each of the two then says that it belongs to the other.") : t("Linked now: {numbers}. Naming one of them takes its link away.", { numbers: one.links.join(", ") })}>{(wiring) => <TextInput {...wiring} autoFocus inputMode="numeric" value={other} onChange={(event) => { setOther(event.target.value.replace(/\D/g, "").slice(0, 9)); }} />}</Field>
      </form>
    </Dialog>
  );
}

function DurationDialog({ one, onClose }: { one: WholeCase; onClose: () => void }) {
  const { id } = useGuild();
  const [length, setLength] = useState("");
  const [key] = useState(freshKey);
  const retime = useDo(DURATION, (data) => data.caseDuration.done);
  const read = readLength(length, one.kind === "BAN");
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (!read.ok) return;
    const done = await retime.act({ input: { guild: id, number: one.number, durationSecs: read.secs, key } }, t("It has another end."));
    if (done !== undefined) onClose();
  }
  return (
    <Dialog title={t("Another end for case {number}", { number: one.number })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="case-duration" look="main" busy={retime.busy} refused={read.ok ? undefined : t("Say how long first.")}>{t("Set it")}</Button></>}>
      <form id="case-duration" className="stack" onSubmit={(event) => { void submit(event); }}>
        <Field label={t("How long from now")} help={one.kind === "BAN" ? t("Such as 7d; nothing for good.") : t("Such as 10m, 2h or 7d; more than 28 days are renewed by themselves.")} problem={length !== "" && !read.ok ? t("Write a length from 1 minute to 5 years, such as 10m, 2h or 7d.") : undefined}>{(wiring) => <TextInput {...wiring} autoFocus value={length} onChange={(event) => { setLength(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}

function PardonDialog({ one, onClose }: { one: WholeCase; onClose: () => void }) {
  const { id } = useGuild();
  const [reason, setReason] = useState("");
  const [key] = useState(freshKey);
  const pardon = useDo(PARDON, (data) => data.casePardon.done);
  const touched = one.kind === "WARNING" && one.active ? t("The warning no longer counts.") : one.standing === "in_force" ? t("Discord takes the punishment back at once.") : t("Nothing is in force any more; the case says that it is forgiven.");
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const done = await pardon.act({ input: { guild: id, number: one.number, reason: reason.trim() === "" ? null : reason.trim(), key } }, t("Pardoned."));
    if (done !== undefined) onClose();
  }
  return (
    <Dialog title={t("Pardon case {number}", { number: one.number })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="case-pardon" look="danger" busy={pardon.busy}>{t("Pardon")}</Button></>}>
      <form id="case-pardon" className="stack" onSubmit={(event) => { void submit(event); }}>
        <p className="muted">{touched} {t("The case stays, and so does everything that was said of it.")}</p>
        <Field label={t("Why")}>{(wiring) => <TextArea {...wiring} autoFocus maxLength={1_000} value={reason} onChange={(event) => { setReason(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}
