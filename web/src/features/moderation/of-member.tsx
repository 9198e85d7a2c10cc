/** A member's record on their page, and what moderators may do to them. */
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Answered, useAsk } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { useViewer } from "../../session/session";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Empty } from "../../ui/notice";
import { SmallCases } from "./cases";
import { deedName, DEEDS, NEEDS, PunishDialog, type Deed } from "./punish";
import { CASE_LINE, Kind } from "./words";
import "./moderation.css";

const RECORD = graphql(`
  query RecordOf($guild: Snowflake!, $asOf: Moment, $user: Snowflake!) {
    guild(id: $guild, asOf: $asOf) { moderation { record(user: $user) { counts { kind all active } active { ...CaseLine } recent { ...CaseLine } } } }
  }
`, [CASE_LINE]);

/** For staff, and for the member themself. */
export function MemberRecord({ user, name }: { user: string; name: string }) {
  const { may } = useGuild();
  const viewer = useViewer();
  if (!may("VIEW_RECORDS", "MODERATE", "KICK", "BAN") && viewer.userId !== user) return null;
  return (
    <>
      {viewer.userId !== user && may("MODERATE", "KICK", "BAN") && <Acts user={user} name={name} />}
      {(viewer.userId === user || may("VIEW_RECORDS")) && <Record user={user} />}
    </>
  );
}

function Acts({ user, name }: { user: string; name: string }) {
  const { refused } = useGuild();
  const [deed, setDeed] = useState<Deed>();
  return (
    <Card title={t("Moderate")} note={t("whether it may be done to them is looked at once more")}>
      <div className="member-acts">
        {DEEDS.map((one) => <Button key={one} look={one === "BAN" ? "danger" : "plain"} refused={refused(NEEDS[one])} onClick={() => { setDeed(one); }}>{deedName(one)}</Button>)}
      </div>
      {deed !== undefined && <PunishDialog deed={deed} user={user} name={name} onClose={() => { setDeed(undefined); }} />}
    </Card>
  );
}

function Record({ user }: { user: string }) {
  const { id, asOf, may } = useGuild();
  const viewer = useViewer();
  const asked = useAsk(RECORD, { guild: id, asOf, user });
  const all = viewer.userId === user ? <Link className="small" to="/me/appeals">{t("Your appeals")}</Link> : may("VIEW_RECORDS") && <Link className="small" to="/g/$guild/cases" params={{ guild: id }} search={{ user }}>{t("All of them")}</Link>;
  return (
    <Card flush title={t("Record")} note={t("what moderators and rules did")} actions={all}>
      <Answered asked={asked}>{(data) => {
        const record = data.guild?.moderation.record;
        if (record === undefined || record.counts.length === 0) return <Empty icon="check" title={t("A clean record")}>{t("Warnings, timeouts, kicks and bans would appear here.")}</Empty>;
        const older = record.recent.filter((one) => !record.active.some((held) => held.number === one.number));
        return (
          <>
            <div className="case-counts row small">
              {record.counts.map((count) => <span key={count.kind} className="row"><Kind kind={count.kind} /><strong className="num">{number(count.all)}</strong>{Number(count.active) > 0 && <span className="muted">{t("{active} hold", { active: number(count.active) })}</span>}</span>)}
            </div>
            <SmallCases cases={[...record.active, ...older].map((one) => ({ ...one, person: null }))} />
          </>
        );
      }}</Answered>
    </Card>
  );
}
