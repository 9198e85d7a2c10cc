/** Cases as people speak of them: their kinds, how they stand, who made them. */
import { Link } from "@tanstack/react-router";
import { graphql, type ResultOf } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Badge, type Tone } from "../../ui/badge";
import { Icon } from "../../ui/icon";
import { Person, type PersonLine } from "../members/person";

export const CASE_LINE = graphql(`
  fragment CaseLine on Case {
    number kind severity at until standing active status failure hidden reason appeal origin
    person { number userId name avatarUrl }
    by { person { number userId name avatarUrl } actingFor { number userId name avatarUrl } rule }
  }
`);
export type CaseLine = ResultOf<typeof CASE_LINE>;

export const KINDS = ["WARNING", "NOTE", "TIMEOUT", "END_TIMEOUT", "KICK", "BAN", "UNBAN", "SOFTBAN"] as const;
export type CaseKind = (typeof KINDS)[number];
export const STATUSES = ["OPEN", "RESOLVED", "EXPIRED", "FAILED", "REVOKED", "PARDONED"] as const;
export type CaseStatus = (typeof STATUSES)[number];

export function kindName(kind: CaseKind): string {
  switch (kind) {
    case "WARNING": return t("Warning");
    case "NOTE": return t("Note");
    case "TIMEOUT": return t("Timeout");
    case "END_TIMEOUT": return t("End of a timeout");
    case "KICK": return t("Kick");
    case "BAN": return t("Ban");
    case "UNBAN": return t("Unban");
    case "SOFTBAN": return t("Softban");
  }
}

const KIND_TONES: Record<CaseKind, Tone> = { WARNING: "warn", NOTE: "plain", TIMEOUT: "warn", END_TIMEOUT: "good", KICK: "bad", BAN: "bad", UNBAN: "good", SOFTBAN: "bad" };

export function Kind({ kind, severity }: { kind: CaseKind; severity?: string | null }) {
  return <Badge tone={severity === "major" ? "bad" : KIND_TONES[kind]}>{severity === "major" ? t("Major warning") : kindName(kind)}</Badge>;
}

export function statusName(status: CaseStatus): string {
  switch (status) {
    case "OPEN": return t("open");
    case "RESOLVED": return t("resolved");
    case "EXPIRED": return t("expired");
    case "FAILED": return t("failed");
    case "REVOKED": return t("taken back");
    case "PARDONED": return t("pardoned");
  }
}

type Stands = { standing: string; active: boolean; status: CaseStatus };

/** How a case stands, in a word or two: what is in force comes before what is said about it. */
export function standingOf({ standing, active, status }: Stands): { word: string; tone: Tone } {
  if (standing === "counts" && active) return { word: t("counts"), tone: "warn" };
  if (standing === "in_force") return { word: t("in force"), tone: "bad" };
  if (standing === "under_way") return { word: t("under way"), tone: "info" };
  if (standing === "failed") return { word: t("failed"), tone: "bad" };
  if (status === "RESOLVED") return { word: t("resolved"), tone: "good" };
  if (status === "REVOKED") return { word: t("taken back"), tone: "good" };
  if (status === "PARDONED") return { word: t("pardoned"), tone: "good" };
  if (standing === "counts" || status === "EXPIRED") return { word: t("expired"), tone: "plain" };
  return { word: t("done"), tone: "plain" };
}

export function Standing(stands: Stands) {
  const { word, tone } = standingOf(stands);
  return <Badge tone={tone}>{word}</Badge>;
}

export function appealName(appeal: string): string {
  if (appeal === "open") return t("appeal open");
  return appeal === "accepted" ? t("appeal accepted") : t("appeal refused");
}

export type AnswerableLine = { person?: PersonLine | null; actingFor?: PersonLine | null; rule?: string | null };

/** Who is answerable: somebody, somebody for another, a rule, or nobody that Discord named. */
export function By({ by, plain = false, brief = false }: { by: AnswerableLine | null | undefined; plain?: boolean; brief?: boolean }) {
  if (by == null) return <span className="muted">{t("the moderators")}</span>;
  if (by.person != null && by.actingFor != null && !brief) return <span className="row by-two"><Person person={by.person} plain={plain} /><span className="small muted">{t("for")}</span><Person person={by.actingFor} plain={plain} /></span>;
  if (by.person != null) return <Person person={by.person} plain={plain} />;
  return <span className="person"><span className="avatar avatar-22 hue-4" aria-hidden="true"><Icon name={by.rule == null ? "people" : "gear"} size={13} /></span><span className="cut">{by.rule == null ? t("somebody, by hand") : ruleName(by.rule)}</span></span>;
}

export function ruleName(rule: string): string {
  return rule === "ladder" ? t("the ladder") : t("the rule “{rule}”", { rule });
}

export function byName(by: AnswerableLine | null | undefined): string {
  return by?.person?.name ?? by?.rule ?? "";
}

export function CaseLink({ number }: { number: number }) {
  const { id, at } = useGuild();
  return <Link className="case-number" to="/g/$guild/cases/$number" params={{ guild: id, number: String(number) }} search={at === undefined ? {} : { at }} onClick={(event) => { event.stopPropagation(); }}>#{number}</Link>;
}
