/** Every whole list that the viewer may have: what it is, its columns, and the file. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Answered, useAsk } from "../../api/ask";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Button } from "../../ui/button";
import { Card } from "../../ui/card";
import { Field, TextInput } from "../../ui/field";
import { Empty } from "../../ui/notice";
import type { Narrow } from "./download";
import { Whole } from "./whole";
import { aboutOf, titleOf } from "./words";
import "./exports.css";

const EXPORTS = graphql(`
  query Exports($guild: Snowflake!) {
    guild(id: $guild) { exports { name about columns when withoutTexts } }
  }
`);

type Line = NonNullable<ResultOf<typeof EXPORTS>["guild"]>["exports"][number];

export function Exports() {
  const { id } = useGuild();
  const { since, until } = useSearch({ from: "/signed-in/g/$guild/exports" });
  const navigate = useNavigate({ from: "/g/$guild/exports" });
  const change = (to: { since?: string | undefined; until?: string | undefined }) => { void navigate({ search: (before) => ({ ...before, ...to }) as typeof before, replace: true }); };
  const asked = useAsk(EXPORTS, { guild: id });
  const given = (value: string) => (value === "" ? undefined : value);
  return (
    <Page title={t("Exports")} about={t("Whole lists as files: CSV for spreadsheets, JSON lines for programs, Parquet for DuckDB, pandas and their like. Of any moment: open the past, and the files are of then.")}>
      <Card title={t("Which days")} note={t("in UTC, for lists of what happened")}>
        <div className="narrow">
          <Field label={t("From")}>{(wiring) => <TextInput {...wiring} type="date" value={since ?? ""} max={until} onChange={(event) => { change({ since: given(event.target.value) }); }} />}</Field>
          <Field label={t("Before")}>{(wiring) => <TextInput {...wiring} type="date" value={until ?? ""} min={since} onChange={(event) => { change({ until: given(event.target.value) }); }} />}</Field>
          {(since !== undefined || until !== undefined) && <Button onClick={() => { change({ since: undefined, until: undefined }); }}>{t("All days")}</Button>}
        </div>
      </Card>
      <Answered asked={asked}>{(data) => {
        const lines = data.guild?.exports ?? [];
        if (lines.length === 0) return <Card><Empty icon="table" title={t("No lists for you")}>{t("Somebody who manages access can name your role as analyst or auditor.")}</Empty></Card>;
        return (
          <Card flush title={t("Lists")} note={String(lines.length)}>
            <ul className="lists">{lines.map((line) => <List key={line.name} line={line} narrow={line.when == null ? {} : { since, until }} />)}</ul>
          </Card>
        );
      }}</Answered>
    </Page>
  );
}

function List({ line, narrow }: { line: Line; narrow: Narrow }) {
  return (
    <li>
      <div>
        <h3>{titleOf(line.name)} {line.withoutTexts && <Badge tone="info">{t("without texts")}</Badge>}</h3>
        <p className="muted small">{aboutOf(line.name) ?? line.about}</p>
      </div>
      <Whole list={line.name} narrow={narrow} bare />
      <details>
        <summary>{t("{count, plural, one {# column} other {# columns}}", { count: line.columns.length })}</summary>
        <div className="lists-columns">{line.columns.map((column) => <code key={column}>{column}</code>)}</div>
      </details>
    </li>
  );
}
