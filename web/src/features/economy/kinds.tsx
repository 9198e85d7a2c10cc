/** The kinds of movements, as people call them. */
import { t } from "../../i18n";
import { Badge, type Tone } from "../../ui/badge";

export const KINDS = ["transfer", "grant", "take", "daily", "start", "spend", "refund"] as const;

export function kindName(kind: string): string {
  switch (kind) {
    case "transfer": return t("Transfer");
    case "grant": return t("Grant");
    case "take": return t("Taken");
    case "daily": return t("Daily reward");
    case "start": return t("Starting balance");
    case "spend": return t("Spent");
    case "refund": return t("Refund");
    default: return kind;
  }
}

const TONES: Record<string, Tone> = { transfer: "info", grant: "good", daily: "good", start: "good", refund: "good", take: "bad", spend: "warn" };

export function Kind({ kind }: { kind: string }) {
  return <Badge tone={TONES[kind] ?? "plain"}>{kindName(kind)}</Badge>;
}
