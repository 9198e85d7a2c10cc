/** Files of the messages that are evidence of a case: what became of the copy of each, and where it is saved from. */
import { t } from "../../i18n";
import { weight } from "../../i18n/format";
import { Badge, type Tone } from "../../ui/badge";
import { Card } from "../../ui/card";
import type { WholeCase } from "./case";

type CaseFile = WholeCase["files"][number];
type Outcome = NonNullable<CaseFile["outcome"]>;

const TONES: Record<Outcome, Tone> = { COPIED: "good", GONE: "warn", TOO_LARGE: "warn", NO_ROOM: "bad", ELSEWHERE: "warn", FAILED: "bad" };

function said(outcome: Outcome | null | undefined): string {
  switch (outcome) {
    case "COPIED": return t("copied");
    case "GONE": return t("gone before it was copied");
    case "TOO_LARGE": return t("too large to be copied");
    case "NO_ROOM": return t("no room for a copy");
    case "ELSEWHERE": return t("not on Discord's servers");
    case "FAILED": return t("Discord did not hand it out");
    case null: case undefined: return t("being copied");
  }
}

export function Files({ files }: { files: readonly CaseFile[] }) {
  if (files.length === 0) return null;
  return (
    <Card flush title={t("Files")} note={t("kept as evidence")}>
      <ul className="case-files">
        {files.map((file) => (
          <li key={`${String(file.evidence)}/${String(file.number)}`} className="case-file">
            {file.name == null ? <span className="muted">{t("erased")}</span> : file.address == null ? <span className="breaks">{file.name}</span> : <a className="breaks" href={file.address} download>{file.name}</a>}
            <Badge tone={file.outcome == null ? "info" : TONES[file.outcome]}>{said(file.outcome)}</Badge>
            <span className="small muted">{file.bytes != null && <>{weight(file.bytes)} · </>}{t("evidence {number}", { number: file.evidence })}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
