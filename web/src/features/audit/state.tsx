/** What stood at a moment, and what differs between two. */
import { Answered, useAsk } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { useGuild } from "../../session/guild";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Differences, type Difference } from "../../ui/difference";
import { Empty } from "../../ui/notice";
import { Person, personName } from "../members/person";
import "./audit.css";

export const STATE = graphql(`
  query StateThen($guild: Snowflake!, $asOf: Moment!, $before: Moment!) {
    guild(id: $guild, asOf: $asOf) {
      asOf { seq at }
      economy { currency supply holders board(first: 10) { place person { number userId name avatarUrl } amount } }
    }
    before: guild(id: $guild, asOf: $before) {
      economy { currency supply holders board(first: 10) { place person { number userId name avatarUrl } amount } }
    }
  }
`);

type State = NonNullable<ResultOf<typeof STATE>["guild"]>["economy"];

/** What stood after an event, and after an earlier one: the one before it, where none is named. */
export const then = (guild: string, seq: number, before = Math.max(1, seq - 1)) => ({ guild, asOf: `#${String(seq)}`, before: `#${String(before)}` });

export function StateThen({ seq }: { seq: number }) {
  const { id } = useGuild();
  const asked = useAsk(STATE, then(id, seq), { keep: true, still: true });
  return (
    <Answered asked={asked}>{(data) => {
      const [was, state] = [data.before?.economy, data.guild?.economy];
      if (was === undefined || state === undefined) return null;
      const changed = new Set(differences(was, state).map((one) => one.name));
      return (
        <ul data-seq={data.guild?.asOf?.seq}>
          <Row name={t("{currency} in all", { currency: state.currency })} value={number(state.supply)} changed={changed} />
          <Row name={t("Members with a balance")} value={number(state.holders)} changed={changed} />
          {state.board.map((line) => (
            <li key={line.person.number} className={`state-row ${changed.has(personName(line.person)) ? "changed" : ""}`}>
              <span className="grow"><Person person={line.person} plain /></span>
              {changed.has(personName(line.person)) && <Badge tone="warn">{t("changed")}</Badge>}
              <strong className="num">{number(line.amount)}</strong>
            </li>
          ))}
        </ul>
      );
    }}</Answered>
  );
}

function Row({ name, value, changed }: { name: string; value: string; changed: ReadonlySet<string> }) {
  return <li className={`state-row ${changed.has(name) ? "changed" : ""}`}><span className="grow muted">{name}</span>{changed.has(name) && <Badge tone="warn">{t("changed")}</Badge>}<strong className="num">{value}</strong></li>;
}

/** What differs, of what both moments know. */
function differences(was: State, is: State): Difference[] {
  const before = new Map(was.board.map((line) => [line.person.number, line.amount]));
  const lines = is.board.map((line) => ({ name: personName(line.person), was: number(before.get(line.person.number) ?? 0), is: number(line.amount) }));
  return [
    { name: t("{currency} in all", { currency: is.currency }), was: number(was.supply), is: number(is.supply) },
    { name: t("Members with a balance"), was: number(was.holders), is: number(is.holders) },
    ...lines,
  ].filter((row) => row.was !== row.is);
}

export function Compare({ a, b, onClear }: { a: number; b: number; onClear: () => void }) {
  const { id } = useGuild();
  const asked = useAsk(STATE, then(id, b, a), { still: true });
  return (
    <Card title={t("From #{a} to #{b}", { a: number(a), b: number(b) })} actions={<Button onClick={onClear}>{t("Take the pins away")}</Button>}>
      <Answered asked={asked}>{({ before: was, guild: is }) => {
        const rows = was == null || is == null ? [] : differences(was.economy, is.economy);
        return rows.length === 0 ? <Empty icon="check" title={t("Nothing of this differs")} /> : <Differences rows={rows} />;
      }}</Answered>
    </Card>
  );
}
