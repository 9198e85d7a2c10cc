/** The community that a page is about, the moment it looks at, and what the viewer may there. */
import { createContext, useContext } from "react";
import type { Permission } from "../shell/navigation";
import { t } from "../i18n";
import { useAsk } from "../api/ask";
import { graphql } from "../api/graphql";
import { askAt } from "../api/moment";
import { useSession, type GuildCard } from "./session";

export type Here = { id: string; name: string; at: string | undefined; permissions: readonly string[] };

export const GuildHere = createContext<Here | null>(null);

export function useGuild(): Here & { asOf: string | null; may: (...anyOf: Permission[]) => boolean; refused: (...anyOf: Permission[]) => string | undefined } {
  const here = useContext(GuildHere);
  if (here === null) throw new Error("this page belongs to a community");
  const may = (...anyOf: Permission[]) => anyOf.some((one) => here.permissions.includes(one));
  return {
    ...here,
    asOf: askAt(here.at),
    may,
    /** Why something cannot be done now; nothing where it can. */
    refused: (...anyOf: Permission[]) => {
      if (here.at !== undefined) return t("You are looking at the past, where nothing can be changed.");
      return may(...anyOf) ? undefined : t("You need the permission {name}.", { name: anyOf.map(permissionName).join(` ${t("or")} `) });
    },
  };
}

export function permissionName(permission: Permission): string {
  switch (permission) {
    case "MANAGE_ECONOMY": return t("Manage Economy");
    case "MANAGE_SETTINGS": return t("Manage Settings");
    case "MANAGE_ACCESS": return t("Manage Access");
    case "MANAGE_GIVEAWAYS": return t("Manage Giveaways");
    case "MODERATE": return t("Moderate");
    case "KICK": return t("Kick");
    case "BAN": return t("Ban");
    case "VIEW_RECORDS": return t("View Records");
    case "VIEW_AUDIT": return t("View Audit");
    case "VIEW_ANALYTICS": return t("View Analytics");
  }
}

const CARD = graphql(`query GuildCard($guild: Snowflake!) { guild(id: $guild) { id name iconUrl memberCount permissions } }`);

/** The card of a community: among those of the viewer, or asked for, where they came since or are let in for a time. */
export function useGuildCard(id: string): { card: GuildCard | undefined; loading: boolean } {
  const own = useSession().data?.viewer?.guilds.find((guild) => guild.id === id);
  const asked = useAsk(CARD, { guild: id }, { pause: own !== undefined || id === "" });
  return { card: own ?? asked.data?.guild ?? undefined, loading: own === undefined && asked.loading };
}
