/** The settings of one capability: a form made of its fields, the difference before saving, and how they came to be. */
import { useBlocker, useParams } from "@tanstack/react-router";
import { useId, useMemo, useState } from "react";
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { t } from "../../i18n";
import { permissionName, useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Differences } from "../../ui/difference";
import { Banner } from "../../ui/notice";
import { LevelOutlook } from "../levels/outlook";
import { Control, type Places } from "./control";
import { changes, differences, problemOf, shown, type Draft, type Field } from "./draft";
import { CAPABILITY, CHANGE, RESET, type GuildSettings } from "./queries";
import { Versions } from "./versions";
import "./settings.css";

export function CapabilitySettings() {
  const { capability } = useParams({ from: "/signed-in/g/$guild/settings/$capability" });
  const { id, asOf } = useGuild();
  const asked = useAsk(CAPABILITY, { guild: id, asOf, capability });
  const title = asked.data?.guild?.settingsOf.title ?? t("Settings");
  return (
    <Page title={title} about={t("Settings of this community. They act at once, here and in Discord.")}>
      <div className="two">
        <Answered asked={asked}>{(data) => data.guild != null && <Form key={capability} guild={data.guild} again={asked.again} />}</Answered>
        <Versions capability={capability} again={asked.again} canChange={asked.data?.guild?.settingsOf.canChange === true} guild={asked.data?.guild ?? null} />
      </div>
    </Page>
  );
}

/** Of these it is told what a change would do to members. */
export const LEVELS = "levels";

/** Channels that messages can be written to. */
const WRITABLE = [0, 5];

export function placesOf(guild: GuildSettings): Places {
  return { roles: guild.roles, channels: guild.channels.filter((channel) => WRITABLE.includes(channel.kind)) };
}

export function namesOf(guild: GuildSettings): ReadonlyMap<string, string> {
  return new Map([...guild.roles.map((role) => [role.id, `@${role.name}`] as const), ...guild.channels.map((channel) => [channel.id, `#${channel.name}`] as const)]);
}

function Form({ guild, again }: { guild: GuildSettings; again: () => void }) {
  const here = useGuild();
  const { settingsOf: settings } = guild;
  const fields = settings.fields as Field[];
  const [draft, setDraft] = useState<Draft>({});
  const [over, setOver] = useState(settings.version);
  const [asking, setAsking] = useState(false);
  const [resetting, setResetting] = useState<Field>();
  const names = useMemo(() => namesOf(guild), [guild]);
  const places = useMemo(() => placesOf(guild), [guild]);
  const changed = changes(fields, draft);
  const problems = changed.filter((field) => problemOf(field, draft[field.name] ?? "") !== undefined);
  const refused = settings.canChange ? undefined : here.refused(settings.permission) ?? t("You need the permission {name}.", { name: permissionName(settings.permission) });
  // What holds moved on while nothing was being written here: then it is what is looked at.
  if (changed.length === 0 && over !== settings.version) setOver(settings.version);
  useBlocker({ shouldBlockFn: () => changed.length > 0 && !confirm(t("You have changes that are not saved. Leave them?")), enableBeforeUnload: changed.length > 0 });

  return (
    <div className="stack">
      {refused !== undefined && <Banner tone="info">{refused}</Banner>}
      {changed.length > 0 && over !== settings.version && (
        <Banner tone="warn" action={<Button onClick={() => { setOver(settings.version); }}>{t("Go on with mine")}</Button>}>{t("Somebody has changed these settings meanwhile. Look at the history before you save.")}</Banner>
      )}
      <Card>
        <form className="settings-form" onSubmit={(event) => { event.preventDefault(); if (changed.length > 0 && problems.length === 0) setAsking(true); }}>
          {fields.map((field) => (
            <SettingRow key={field.name} field={field} text={draft[field.name] ?? field.text} isChanged={changed.includes(field)} refused={refused} places={places} onReset={() => { setResetting(field); }} onChange={(text) => { setDraft({ ...draft, [field.name]: text }); }} />
          ))}
        </form>
      </Card>
      {changed.length > 0 && (
        <div className="save-bar" role="status">
          <span className="grow"><strong>{t("{count, plural, one {# change} other {# changes}} not saved", { count: changed.length })}</strong>{problems.length > 0 && <span className="bad small"> · {t("{count, plural, one {# needs} other {# need}} another value", { count: problems.length })}</span>}</span>
          <Button look="quiet" onClick={() => { setDraft({}); }}>{t("Discard")}</Button>
          <Button look="main" refused={problems.length > 0 ? t("Mend what is marked first.") : undefined} onClick={() => { setAsking(true); }}>{t("Look at the difference")}</Button>
        </div>
      )}
      {resetting !== undefined && <ResetDialog field={resetting} names={names} capability={settings.name} onClose={() => { setResetting(undefined); }} onDone={() => { setDraft(Object.fromEntries(Object.entries(draft).filter(([name]) => name !== resetting.name))); setResetting(undefined); again(); }} />}
      {asking && <SaveDialog fields={fields} draft={draft} names={names} capability={settings.name} over={over} onClose={() => { setAsking(false); }} onSaved={() => { setAsking(false); setDraft({}); again(); }} />}
    </div>
  );
}

type RowProps = { field: Field; text: string; isChanged: boolean; refused: string | undefined; places: Places; onReset: () => void; onChange: (text: string) => void };

function SettingRow({ field, text, isChanged, refused, places, onReset, onChange }: RowProps) {
  const id = useId();
  const problem = isChanged ? problemOf(field, text) : undefined;
  const isGroup = field.kind === "SWITCH" || field.kind === "LIST";
  return (
    <div className={`setting ${isChanged ? "setting-changed" : ""}`}>
      <div>
        {isGroup ? <span className="setting-name">{field.title}</span> : <label htmlFor={id}>{field.title}</label>}
        {!field.isDefault && !isChanged && <> <Badge tone="accent">{t("your own")}</Badge>{refused === undefined && <button type="button" className="link-button small" onClick={onReset}>{t("Back to the default")}</button>}</>}
        <p className="small muted" id={`${id}-help`}>{field.help}</p>
      </div>
      <div className="setting-control">
        <Control field={field} text={text} refused={refused} places={places} onChange={onChange} described={{ id, "aria-describedby": `${id}-help`, "aria-invalid": problem === undefined ? undefined : true }} />
        {problem !== undefined && <p className="small bad" role="alert">{problem}</p>}
      </div>
    </div>
  );
}

function ResetDialog({ field, names, capability, onClose, onDone }: { field: Field; names: ReadonlyMap<string, string>; capability: string; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const { act, busy } = useDo(RESET, (data) => data.settingsReset.done);
  async function reset() {
    const done = await act({ input: { guild: id, capability, field: field.name, key } }, t("{title} is as it came.", { title: field.title }));
    if (done !== undefined) onDone();
  }
  return (
    <Dialog title={t("Set {title} back to the default?", { title: field.title })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Leave it")}</Button><Button look="main" busy={busy} onClick={() => { void reset(); }}>{t("Set back")}</Button></>}>
      <p>{t("It is {value} now. The change can be taken back in the history.", { value: shown(field, field.text, names) })}</p>
      {capability === LEVELS && <LevelOutlook draft={{ reset: field.name }} />}
    </Dialog>
  );
}

function SaveDialog({ fields, draft, names, capability, over, onClose, onSaved }: { fields: Field[]; draft: Draft; names: ReadonlyMap<string, string>; capability: string; over: number; onClose: () => void; onSaved: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const { act, busy } = useDo(CHANGE, (data) => data.settingsChange.done);
  const fieldSets = changes(fields, draft).map((field) => ({ name: field.name, text: (draft[field.name] ?? "").trim() }));
  async function save() {
    const done = await act({ input: { guild: id, capability, over, key, fields: fieldSets } }, t("Saved. It holds from now on, also in Discord."));
    if (done !== undefined) onSaved();
  }
  return (
    <Dialog title={t("This changes")} onClose={onClose} footer={<><Button onClick={onClose}>{t("Back")}</Button><Button look="main" icon="check" busy={busy} onClick={() => { void save(); }}>{t("Save")}</Button></>}>
      <Differences rows={differences(fields, draft, names)} />
      {capability === LEVELS && <LevelOutlook draft={{ fields: fieldSets }} />}
      <p className="small muted">{t("The change becomes an event with your name. It can be taken back in the history beside the form.")}</p>
    </Dialog>
  );
}
