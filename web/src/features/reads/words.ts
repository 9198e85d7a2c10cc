/** What somebody looked at, in a sentence without who it was. */
import { t } from "../../i18n";
import type { introspection_types } from "../../api/schema-types";
import { titleOf } from "../exports/words";

type Kind = introspection_types["ReadKind"]["enumValues"];
type Via = introspection_types["ReadVia"]["enumValues"];

export function readName(what: Kind, detail: { case: number | null; list: string | null }): string {
  const list = detail.list === null ? "" : titleOf(detail.list);
  switch (what) {
    case "CASE_OPENED": return t("opened case {number}", { number: detail.case ?? 0 });
    case "RECORD_OPENED": return t("looked at a record");
    case "CASES_BROWSED": return t("looked through the cases");
    case "LOG_READ": return t("read the logs");
    case "LOG_SEARCHED": return t("searched the logs for a member");
    case "FILE_OPENED": return t("saved a file of case {number}", { number: detail.case ?? 0 });
    case "LIST_TAKEN": return t("saved the whole list “{list}”", { list });
    case "LIST_SEARCHED": return t("saved what the list “{list}” says of a member", { list });
    case "HISTORY_SEARCHED": return t("searched the history for a member");
    case "MANY_OPENED": return t("looked at more than is listed one by one");
  }
}

/** The same of what is kept of the reader. */
export function readOfYours(what: Kind, detail: { case: number | null; list: string | null }): string {
  switch (what) {
    case "RECORD_OPENED": return t("looked at your record");
    case "LOG_SEARCHED": return t("searched the logs for you");
    case "LIST_SEARCHED": return t("saved what the list “{list}” says of you", { list: titleOf(detail.list ?? "") });
    case "HISTORY_SEARCHED": return t("searched the history for you");
    default: return readName(what, detail);
  }
}

export function viaName(via: Via): string {
  switch (via) {
    case "DASHBOARD": return t("Dashboard");
    case "DISCORD": return "Discord";
    case "DOWNLOAD": return t("File");
  }
}
