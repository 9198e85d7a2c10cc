/** How settings came to be: who changed what and when, and the way back. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Failed, freshKey, useDo, useList } from "../../api/ask";
import type { ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { moment } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Dialog } from "../../ui/dialog";
import { Differences } from "../../ui/difference";
import { Empty, Skeleton } from "../../ui/notice";
import { Timeline } from "../../ui/timeline";
import { Actor } from "../members/person";
import { LevelOutlook } from "../levels/outlook";
import { LEVELS, namesOf } from "./capability";
import { shown, type Field } from "./draft";
import { REVERT, VERSIONS, type GuildSettings } from "./queries";

type Version = NonNullable<ResultOf<typeof VERSIONS>["guild"]>["settingsOf"]["versions"]["edges"][number]["node"];

export function Versions({ capability, canChange, guild, again }: { capability: string; canChange: boolean; guild: GuildSettings | null; again: () => void }) {
  const { id, asOf, refused } = useGuild();
  const list = useList(VERSIONS, { guild: id, asOf, capability }, (data) => data.guild?.settingsOf.versions, (version) => String(version.version));
  const [back, setBack] = useState<Version>();
  const names = guild === null ? new Map<string, string>() : namesOf(guild);
  const read = (name: string, text: string) => {
    const field = guild?.settingsOf.fields.find((one) => one.name === name) as Field | undefined;
    return field === undefined ? text : shown(field, text, names);
  };
  return (
    <Card title={t("History")}>
      {list.trouble !== undefined ? <Failed trouble={list.trouble} again={list.again} /> : list.loading ? <Skeleton /> : list.rows.length === 0 ? (
        <Empty icon="history" title={t("Nothing changed yet")}>{t("Everything stands as it came. Changes appear here.")}</Empty>
      ) : (
        <>
          <Timeline
            label={t("Changes of these settings")}
            steps={list.rows.map((version) => ({
              key: String(version.version),
              at: version.at,
              tone: "accent" as const,
              title: <span className="row"><strong>v{version.version}</strong> <Actor actor={version.by} /></span>,
              children: (
                <div className="stack">
                  <Differences rows={version.changes.map((change) => ({ name: change.title, was: read(change.name, change.before), is: read(change.name, change.after) }))} />
                  <div className="row">
                    <Link className="small" to="/g/$guild/audit" params={{ guild: id }} search={{ event: version.event }}>{t("The event")}</Link>
                    <Button look="quiet" icon="undo" refused={canChange ? undefined : refused("MANAGE_SETTINGS") ?? t("You may not change these settings.")} onClick={() => { setBack(version); }}>{t("Back to before")}</Button>
                  </div>
                </div>
              ),
            }))}
          />
          {list.more.any && <Button busy={list.more.loading} onClick={list.more.load}>{t("Show more")}</Button>}
        </>
      )}
      {back !== undefined && <RevertDialog capability={capability} version={back} onClose={() => { setBack(undefined); }} onDone={() => { setBack(undefined); again(); list.again(); }} />}
    </Card>
  );
}

function RevertDialog({ capability, version, onClose, onDone }: { capability: string; version: Version; onClose: () => void; onDone: () => void }) {
  const { id } = useGuild();
  const [key] = useState(freshKey);
  const { act, busy } = useDo(REVERT, (data) => data.settingsRevert.done);
  async function revert() {
    const done = await act({ input: { guild: id, capability, version: version.version - 1, key } }, t("Taken back. That is an event too."));
    if (done !== undefined) onDone();
  }
  return (
    <Dialog title={t("Back to before v{version}?", { version: version.version })} onClose={onClose} footer={<><Button onClick={onClose}>{t("Leave it")}</Button><Button look="danger" busy={busy} onClick={() => { void revert(); }}>{t("Take back")}</Button></>}>
      <p>{t("All these settings will be as they were before {when}. Whatever was changed since then is taken back with it.", { when: moment(version.at) })}</p>
      {capability === LEVELS && <LevelOutlook draft={{ version: version.version - 1 }} />}
    </Dialog>
  );
}
