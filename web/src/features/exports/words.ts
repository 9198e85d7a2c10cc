/** What whole lists are called, and what they are, in the reader's language. */
import { t } from "../../i18n";

type Words = { title: () => string; about: () => string };

const WORDS: Record<string, Words> = {
  balances: { title: () => t("Balances"), about: () => t("What every member has, received, sent and earned.") },
  weekly_gains: { title: () => t("Weekly gains"), about: () => t("What every member gained in each week.") },
  transactions: { title: () => t("Transactions"), about: () => t("Every movement of bytes: who gave, who received, how much, why and when.") },
  activity_hourly: { title: () => t("Activity by hour"), about: () => t("What went on in each hour.") },
  activity_daily: { title: () => t("Activity by day"), about: () => t("What went on on each day.") },
  activity_channels: { title: () => t("Activity by channel"), about: () => t("What went on in each channel, in quarters of an hour.") },
  activity_members: { title: () => t("Activity by member"), about: () => t("What each member did, in quarters of an hour.") },
  member_joins: { title: () => t("Arrivals"), about: () => t("When each member came for the first time, and for the last time.") },
  command_uses: { title: () => t("Commands"), about: () => t("Who used which command, and how it ended.") },
  activity_gaps: { title: () => t("Gaps"), about: () => t("When the bot was blind: numbers of activity in these spans are too small.") },
  tallies: { title: () => t("Tallies"), about: () => t("Cases, movements and giveaways by kind, in quarters of an hour.") },
  levels: { title: () => t("Levels"), about: () => t("Every member’s experience.") },
  level_periods: { title: () => t("Experience by period"), about: () => t("What experience every member gained in each day, week and month.") },
  logs: { title: () => t("Logs"), about: () => t("What was logged of the community, without what messages said.") },
  refusals: { title: () => t("Refusals"), about: () => t("What somebody tried and a rule refused.") },
  reads: { title: () => t("Who looked"), about: () => t("Who of the staff looked at what is kept of members.") },
  cases: { title: () => t("Cases"), about: () => t("Every case: whom it is about, what was done, by whom and how it stands.") },
  case_entries: { title: () => t("Steps of cases"), about: () => t("What was said and done about each case, in its order.") },
  moderators: { title: () => t("Moderators"), about: () => t("How many cases of each kind every moderator opened.") },
  giveaways: { title: () => t("Giveaways"), about: () => t("Every giveaway: its terms, how it stands, and what its draw was made from.") },
  giveaway_entrants: { title: () => t("Entrants"), about: () => t("Who entered which giveaway, with which weight.") },
  giveaway_timeline: { title: () => t("Steps of giveaways"), about: () => t("What happened in each giveaway: draws, claims, rerolls, and who did them.") },
  campaigns: { title: () => t("Campaigns of codes"), about: () => t("Every campaign of codes: what it rewards, and how often it was used.") },
  code_uses: { title: () => t("Redemptions"), about: () => t("Who used a code of which campaign, and whether they got what it promised.") },
  squads: { title: () => t("Squads"), about: () => t("Every squad, with its role.") },
  squad_members: { title: () => t("Members of squads"), about: () => t("Who is in which squad, since when.") },
  tiers: { title: () => t("Tiers"), about: () => t("Every tier, with its role and its daily bonus.") },
  tier_holders: { title: () => t("Holders of tiers"), about: () => t("Who holds which tier, until when.") },
};

/** A list that is newer than this page has its name and what the server says of it. */
export function titleOf(name: string): string {
  return WORDS[name]?.title() ?? name;
}

export function aboutOf(name: string): string | undefined {
  return WORDS[name]?.about();
}
