/** Appeals that wait for an answer, those that wait longest first. */
import { useState } from "react";
import { Failed, useList } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { ago, moment } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { useViewer } from "../../session/session";
import { Page } from "../../shell/page";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Empty, Skeleton } from "../../ui/notice";
import { Person } from "../members/person";
import { AnswerDialog } from "./answer";
import { By, CASE_LINE, CaseLink, Kind, Standing } from "./words";
import "./moderation.css";

const APPEALS = graphql(`
  query Appeals($guild: Snowflake!, $asOf: Moment, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      moderation { appeals(first: 20, after: $after) { edges { node { seq at text case { ...CaseLine appeals } } } pageInfo { hasNextPage endCursor } } }
    }
  }
`, [CASE_LINE]);

export function Queue() {
  const { id, asOf, refused } = useGuild();
  const viewer = useViewer();
  const list = useList(APPEALS, { guild: id, asOf }, (data) => data.guild?.moderation.appeals, (row) => row.seq);
  const [answering, setAnswering] = useState<{ number: number; text: string | null }>();
  return (
    <Page title={t("Appeals")} about={t("Members who ask that a case be looked at again. Those that wait longest come first.")}>
      {list.trouble !== undefined ? <Card><Failed trouble={list.trouble} again={list.again} /></Card> : list.loading ? <Card><Skeleton lines={6} /></Card> : list.rows.length === 0 ? (
        <Card><Empty icon="check" title={t("Nobody waits for an answer")}>{t("An appeal appears here as soon as a member makes one, with /appeal or under “My appeals”; also one who was banned.")}</Empty></Card>
      ) : list.rows.map(({ seq, at, text, case: one }) => (
        <Card key={seq}>
          <article className="appeal-card" aria-label={t("Appeal against case {number}", { number: one.number })}>
            <header className="row">
              <CaseLink number={one.number} />
              <Kind kind={one.kind} severity={one.severity ?? null} />
              <Standing standing={one.standing} active={one.active} status={one.status} />
              <span className="grow" />
              <time className="small muted" dateTime={at} title={moment(at)}>{t("waits since {when}", { when: ago(at) })}</time>
            </header>
            <p className="row"><Person person={one.person} /><span className="small muted">{one.appeals > 1 ? t("appeals for the {count}. time", { count: one.appeals }) : t("appeals for the first time")}</span></p>
            <blockquote className="quote">{text ?? <span className="muted">{t("What was written is erased.")}</span>}</blockquote>
            <p className="small muted row">{t("The case says:")} <span className="breaks">{one.reason ?? t("no reason")}</span> · <By by={one.by ?? null} /></p>
            <footer className="row">
              <Button look="main" icon="gavel" refused={refused("MODERATE") ?? (one.person.userId === viewer.userId ? t("This case is about yourself.") : undefined)} onClick={() => { setAnswering({ number: one.number, text: text ?? null }); }}>{t("Answer")}</Button>
            </footer>
          </article>
        </Card>
      ))}
      {list.more.any && <p><Button busy={list.more.loading} onClick={list.more.load}>{t("Show more")}</Button></p>}
      {answering !== undefined && <AnswerDialog {...answering} onClose={() => { setAnswering(undefined); list.again(); }} />}
    </Page>
  );
}
