/** Saves a case as a text that can be read anywhere: with who it is about, or without. */
import { useState } from "react";
import { useClient } from "urql";
import { troubleOf } from "../../api/trouble";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { save } from "../../ui/csv";
import { Dialog } from "../../ui/dialog";
import { Switch } from "../../ui/field";
import { toast } from "../../ui/toast";
import { personName } from "../members/person";
import type { WholeCase } from "./case";
import { redactor, type Redactor, type Someone } from "./redact";
import { STORY, wordsOf, type Entry } from "./story";
import { kindName, ruleName, standingOf, type AnswerableLine } from "./words";

/** Entries of one case that one file holds. */
const MOST = 2_000;

export function SaveCase({ one }: { one: WholeCase }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button icon="table" onClick={() => { setOpen(true); }}>{t("Save as a text")}</Button>
      {open && <SaveDialog one={one} onClose={() => { setOpen(false); }} />}
    </>
  );
}

function SaveDialog({ one, onClose }: { one: WholeCase; onClose: () => void }) {
  const { id, asOf } = useGuild();
  const client = useClient();
  const [named, setNamed] = useState(false);
  const [texts, setTexts] = useState(true);
  const [busy, setBusy] = useState(false);
  async function take() {
    setBusy(true);
    const entries: Entry[] = [];
    let after: string | null = null;
    do {
      const asked: { guild: string; asOf: typeof asOf; number: number; after: string | null } = { guild: id, asOf, number: one.number, after };
      const result = await client.query(STORY, asked, { requestPolicy: "network-only" }).toPromise();
      const page = result.data?.guild?.moderation.case?.timeline;
      if (result.error !== undefined || page == null) {
        setBusy(false);
        toast(result.error === undefined ? t("There is no such case for you") : troubleOf(result.error).text, "bad");
        return;
      }
      entries.push(...page.edges.map((edge) => edge.node));
      after = page.pageInfo.hasNextPage && entries.length < MOST ? page.pageInfo.endCursor ?? null : null;
    } while (after !== null);
    save(`case-${String(one.number)}.md`, caseText(one, entries.reverse(), { named, texts }), "text/markdown;charset=utf-8");
    onClose();
  }
  return (
    <Dialog title={t("Save case {number}", { number: one.number })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button look="main" busy={busy} onClick={() => { void take(); }}>{t("Save")}</Button></>}>
      <div className="stack">
        <Choice on={named} label={t("With names and ids")} onChange={setNamed} />
        <Choice on={texts} label={t("With what was written")} onChange={setTexts} />
        <p className="muted small">{named ? t("The file says who it is about. Give it only to those who may know.") : t("Everybody is called by a number, and names, mentions and ids are taken out of what was written. Read it before you pass it on: a text can tell who somebody is without naming them.")}</p>
      </div>
    </Dialog>
  );
}

function Choice(switched: { on: boolean; label: string; onChange: (on: boolean) => void }) {
  return <div className="row"><Switch {...switched} /><span aria-hidden="true">{switched.label}</span></div>;
}

const AS_IT_IS: Redactor = { name: (person) => `${personName(person)}${person.userId == null ? "" : ` (${person.userId})`}`, text: (text) => text };

/** In Markdown, oldest first, times in UTC. */
export function caseText(one: WholeCase, entries: readonly Entry[], { named, texts }: { named: boolean; texts: boolean }): string {
  const involved: Someone[] = [one.person];
  for (const by of [one.by, ...entries.map((entry) => entry.by)]) for (const person of [by?.person, by?.actingFor]) if (person != null) involved.push(person);
  const people = named ? AS_IT_IS : redactor(involved, (place) => (place === 0 ? t("The member") : t("Person {n}", { n: place })), t("somebody"));
  const by = (who: AnswerableLine | null | undefined) => {
    if (who == null) return t("the moderators");
    if (who.person == null) return who.rule == null ? t("somebody, by hand") : ruleName(who.rule);
    return who.actingFor == null ? people.name(who.person) : `${people.name(who.person)} ${t("for")} ${people.name(who.actingFor)}`;
  };
  const quote = (text: string | null | undefined) => (text == null || !texts ? [] : ["", ...people.text(text).split("\n").map((line) => `> ${line}`)]);
  const lines = [
    `# ${t("Case {number}: {kind}", { number: one.number, kind: kindName(one.kind) })}`,
    "",
    `- ${t("Member")}: ${people.name(one.person)}`,
    `- ${t("By")}: ${by(one.by)}`,
    `- ${t("When")}: ${one.at}`,
    ...(one.until == null ? [] : [`- ${t("Ends")}: ${one.until}`]),
    `- ${t("Standing")}: ${standingOf(one).word}`,
    ...(one.links.length === 0 ? [] : [`- ${t("Belongs to")}: ${one.links.map((link) => `#${String(link)}`).join(", ")}`]),
    ...quote(one.reason),
    "",
    `## ${t("What happened")}`,
  ];
  for (const entry of entries) lines.push("", `**${entry.at}** ${by(entry.by)}: ${wordsOf(entry)}${entry.other == null ? "" : ` #${String(entry.other)}`}`, ...quote(entry.text));
  return `${lines.join("\n")}\n`;
}
