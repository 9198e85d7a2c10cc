/** What a campaign gives and how it stands, in words. */
import { t } from "../../i18n";
import { number } from "../../i18n/format";
import { Badge } from "../../ui/badge";
import type { Campaign, Here } from "./codes";

export function rewardText(reward: Campaign["reward"], here: Pick<Here, "roles" | "economy" | "tiers">): string {
  if (reward.bytes != null) return `${number(reward.bytes)} ${here.economy.currency}`;
  const name = here.tiers.list.find((one) => one.role === reward.role)?.name ?? `@${here.roles.find((one) => one.id === reward.role)?.name ?? reward.role ?? ""}`;
  return reward.days == null ? name : t("{name} for {count, plural, one {# day} other {# days}}", { name, count: reward.days });
}

/** How often it was redeemed, of how often it can be. */
export function reached(campaign: Pick<Campaign, "uses" | "usesMost">): string {
  return campaign.usesMost == null ? number(campaign.uses) : t("{uses} of {most}", { uses: number(campaign.uses), most: number(campaign.usesMost) });
}

export function campaignBadge(campaign: Pick<Campaign, "revoked" | "starts" | "ends" | "uses" | "usesMost">, now: number) {
  if (campaign.revoked) return <Badge tone="bad">{t("revoked")}</Badge>;
  if (campaign.ends != null && Date.parse(campaign.ends) <= now) return <Badge>{t("over")}</Badge>;
  if (campaign.starts != null && Date.parse(campaign.starts) > now) return <Badge tone="info">{t("not yet")}</Badge>;
  if (campaign.usesMost != null && campaign.uses >= campaign.usesMost) return <Badge tone="warn">{t("used up")}</Badge>;
  return <Badge tone="good">{t("valid")}</Badge>;
}
