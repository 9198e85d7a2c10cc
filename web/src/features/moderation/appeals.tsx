/** What communities hold against whoever is signed in, also where they were banned, and their appeals against it. */
import { useState, type SubmitEvent } from "react";
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, brief, moment } from "../../i18n/format";
import { Page } from "../../shell/page";
import { Avatar } from "../../ui/avatar";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Field, TextArea, TextInput } from "../../ui/field";
import { Empty } from "../../ui/notice";
import { appealName, Kind, Standing } from "./words";
import "./moderation.css";

const PUNISHED = graphql(`
  query Punished {
    viewer {
      punished {
        guild name iconUrl isMember showsRecord takesAppeals
        cases { number kind severity at until standing active status reason appeals mostAppeals appeal appealed { at text } answer { at text } }
      }
    }
  }
`);
const APPEAL = graphql(`mutation Appeal($input: AppealInput!) { appeal(input: $input) { done { status refusal { rule text } } number } }`);

type Community = NonNullable<ResultOf<typeof PUNISHED>["viewer"]>["punished"][number];
type Own = Community["cases"][number];

export function MyAppeals() {
  const asked = useAsk(PUNISHED, {});
  const [against, setAgainst] = useState<{ community: Community; number: number | undefined }>();
  return (
    <Page title={t("My appeals")} about={t("What communities hold against you, also where you were banned. You may ask that it be looked at again.")}>
      <Answered asked={asked}>{(data) => {
        const all = data.viewer?.punished ?? [];
        if (all.length === 0) return <Card><Empty icon="check" title={t("Nothing is held against you")}>{t("A warning, timeout or ban would appear here, with the way to appeal against it.")}</Empty></Card>;
        return <div className="stack">{all.map((community) => <Held key={community.guild} community={community} appeal={(number) => { setAgainst({ community, number }); }} />)}</div>;
      }}</Answered>
      {against !== undefined && <AppealDialog {...against} onClose={() => { setAgainst(undefined); asked.again(); }} />}
    </Page>
  );
}

function Held({ community, appeal }: { community: Community; appeal: (number: number | undefined) => void }) {
  return (
    <Card title={community.name} note={community.isMember ? undefined : t("you are no member now")} actions={<Avatar name={community.name} url={community.iconUrl} size={36} square />}>
      <div className="stack">
        {!community.takesAppeals && <p className="muted">{t("This community takes no appeals here. Speak to its moderators.")}</p>}
        {!community.showsRecord && <p className="row"><span className="muted grow">{t("This community does not show members their record. If you know a case's number, you can appeal against it.")}</span>{community.takesAppeals && <Button look="main" onClick={() => { appeal(undefined); }}>{t("Appeal")}</Button>}</p>}
        {community.cases.map((one) => <OwnCase key={one.number} one={one} stopped={whyNot(community, one)} appeal={() => { appeal(one.number); }} />)}
      </div>
    </Card>
  );
}

/** Why there is no appealing now; the server decides anyway. */
function whyNot(community: Community, one: Own): string | undefined {
  if (!community.takesAppeals) return t("This community takes no appeals here.");
  if (one.appeal === "open") return t("Your appeal is being looked at.");
  if (["FAILED", "REVOKED", "PARDONED"].includes(one.status)) return t("There is nothing left to appeal against.");
  return one.appeals >= one.mostAppeals ? t("You have appealed as often as one may.") : undefined;
}

function OwnCase({ one, stopped, appeal }: { one: Own; stopped: string | undefined; appeal: () => void }) {
  return (
    <article className="own-case" aria-label={t("Case {number}", { number: one.number })}>
      <header className="row">
        <strong className="num">#{one.number}</strong>
        <Kind kind={one.kind} severity={one.severity ?? null} />
        <Standing standing={one.standing} active={one.active} status={one.status} />
        {one.appeal != null && <Badge tone={one.appeal === "open" ? "accent" : "plain"}>{appealName(one.appeal)}</Badge>}
        <span className="grow" />
        <Button look={stopped === undefined ? "main" : "plain"} refused={stopped} onClick={appeal}>{t("Appeal")}</Button>
      </header>
      <p className="small muted"><time dateTime={one.at} title={moment(one.at)}>{brief(one.at)}</time>{one.until != null && one.active && <> · {t("ends {when}", { when: ago(one.until) })}</>}{one.until == null && one.standing === "in_force" && <> · {t("for good")}</>}</p>
      <blockquote className="quote">{one.reason ?? <span className="muted">{t("No reason was written.")}</span>}</blockquote>
      {one.appealed != null && <Said who={t("You appealed")} at={one.appealed.at} text={one.appealed.text} />}
      {one.answer != null && <Said who={one.appeal === "accepted" ? t("The moderators accepted it") : t("The moderators refused it")} at={one.answer.at} text={one.answer.text} />}
    </article>
  );
}

function Said({ who, at, text }: { who: string; at: string; text?: string | null }) {
  return <div><p className="small muted">{who}, <time dateTime={at} title={moment(at)}>{ago(at)}</time></p>{text != null && <blockquote className="quote">{text}</blockquote>}</div>;
}

const MAX_CHARS = 2_000;

function AppealDialog({ community, number, onClose }: { community: Community; number: number | undefined; onClose: () => void }) {
  const [typed, setTyped] = useState("");
  const [text, setText] = useState("");
  const [key] = useState(freshKey);
  const appeal = useDo(APPEAL, (data) => data.appeal.done);
  const against = number ?? (/^\d{1,9}$/.test(typed) ? Number(typed) : 0);
  const problem = against === 0 ? t("Write the case's number first.") : text.trim() === "" ? t("Write something first.") : undefined;
  async function submit(event: SubmitEvent) {
    event.preventDefault();
    if (problem !== undefined) return;
    const done = await appeal.act({ input: { guild: community.guild, number: against, text: text.trim(), key } }, t("Your appeal is with the moderators of {name}.", { name: community.name }));
    if (done !== undefined) onClose();
  }
  return (
    <Dialog title={number === undefined ? t("Appeal in {name}", { name: community.name }) : t("Appeal against case {number} in {name}", { number, name: community.name })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Cancel")}</Button><Button type="submit" form="appeal" look="main" busy={appeal.busy} refused={problem}>{t("Appeal")}</Button></>}>
      <form id="appeal" className="stack" onSubmit={(event) => { void submit(event); }}>
        <p className="muted">{t("The moderators read it and answer here. Until they do, you cannot appeal against the same case again.")}</p>
        {number === undefined && <Field label={t("Case number")} help={t("It stands in the private message that you got.")}>{(wiring) => <TextInput {...wiring} autoFocus inputMode="numeric" value={typed} onChange={(event) => { setTyped(event.target.value.replace(/\D/g, "").slice(0, 9)); }} />}</Field>}
        <Field label={t("Why it should be looked at again")}>{(wiring) => <TextArea {...wiring} rows={6} maxLength={MAX_CHARS} value={text} onChange={(event) => { setText(event.target.value); }} />}</Field>
      </form>
    </Dialog>
  );
}
