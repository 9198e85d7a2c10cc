/** What went wrong, in the words of who reads it: what happened, why, and what to do. */
import type { CombinedError } from "@urql/core";
import { t } from "../i18n";

export type Trouble = {
  kind: "offline" | "signed-out" | "forbidden" | "missing" | "busy" | "refused" | "fault";
  title: string;
  text: string;
  errorId?: string | undefined;
};

const KINDS: Record<string, Trouble["kind"]> = {
  UNAUTHENTICATED: "signed-out",
  FORBIDDEN: "forbidden",
  NOT_FOUND: "missing",
  BUSY: "busy",
  BAD_INPUT: "refused",
  REFUSED: "refused",
};

export function troubleOf(error: Pick<CombinedError, "networkError" | "graphQLErrors">): Trouble {
  const first = error.graphQLErrors[0];
  if (first === undefined) return unreached(error.networkError);
  const code = typeof first.extensions.code === "string" ? first.extensions.code : "";
  const kind = KINDS[code] ?? "fault";
  const id = first.extensions.errorId;
  return { kind, title: titleOf(kind), text: first.message, errorId: typeof id === "string" ? id : undefined };
}

function unreached(error: Error | undefined): Trouble {
  const status = error === undefined ? null : /^HTTP (\d{3})/.exec(error.message)?.[1];
  if (status === "401") return { kind: "signed-out", title: titleOf("signed-out"), text: t("Your session has ended. Sign in again to go on.") };
  if (status === "429") return { kind: "busy", title: titleOf("busy"), text: t("You asked more often than we answer. Wait a moment and try again.") };
  if (status !== undefined && status !== null) return { kind: "fault", title: titleOf("fault"), text: t("The server answered {status}. Try again in a moment.", { status }) };
  return { kind: "offline", title: titleOf("offline"), text: t("The server cannot be reached. Check your connection; this page tries again by itself.") };
}

function titleOf(kind: Trouble["kind"]): string {
  switch (kind) {
    case "offline": return t("No connection");
    case "signed-out": return t("You are signed out");
    case "forbidden": return t("You may not see this");
    case "missing": return t("There is nothing here");
    case "busy": return t("Too much at once");
    case "refused": return t("That does not work");
    case "fault": return t("Something broke");
  }
}
