/** What pages about activity ask. */
import { graphql, type ResultOf } from "../../api/graphql";

export const CHANNELS = graphql(`
  query Channels($guild: Snowflake!) { guild(id: $guild) { channels(gone: true) { id name kind gone } } }
`);

export const SERIES = graphql(`
  query Explore($guild: Snowflake!, $asOf: Moment, $metric: ActivityMetric!, $every: Every!, $split: ActivitySplit, $filter: ActivityFilter, $range: DayRange) {
    guild(id: $guild, asOf: $asOf) {
      activity {
        timeZone
        series(metric: $metric, every: $every, split: $split, filter: $filter, range: $range) {
          starts until values sum before sumBefore
          lines { sum values of { channel word person { number userId name avatarUrl } } }
        }
        gaps(range: $range) { from until recovered { unread cut } }
        anomalies(range: $range) { what from until count usual }
      }
    }
  }
`);

export const PRESENCE = graphql(`
  query Presence($guild: Snowflake!, $asOf: Moment, $range: DayRange) {
    guild(id: $guild, asOf: $asOf) {
      activity {
        active { daily weekly monthly stickiness }
        week(metric: MESSAGES, range: $range)
      }
    }
  }
`);

export const MOVERS = graphql(`
  query Movers($guild: Snowflake!, $asOf: Moment, $metric: ActivityMetric!, $split: ActivitySplit!, $rising: Boolean!, $range: DayRange) {
    guild(id: $guild, asOf: $asOf) {
      activity {
        most(metric: $metric, split: $split, rising: $rising, range: $range, first: 8) {
          now before of { channel word person { number userId name avatarUrl } }
        }
      }
    }
  }
`);

export const STAYED = graphql(`
  query Stayed($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) { activity { cohorts(weeks: 10) { week came stayed } } }
  }
`);

export const USES = graphql(`
  query Uses($guild: Snowflake!, $asOf: Moment, $range: DayRange) {
    guild(id: $guild, asOf: $asOf) { activity { commands(range: $range, first: 100) { command done refused failed millis } } }
  }
`);

/** Changes of settings are what explains a bend. */
export const CHANGES = graphql(`
  query Changes($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) { settings { title versions(first: 8) { edges { node { event at version } } } } }
  }
`);

export type Of = NonNullable<ResultOf<typeof MOVERS>["guild"]>["activity"]["most"][number]["of"];
export type SeriesTold = NonNullable<ResultOf<typeof SERIES>["guild"]>["activity"]["series"];
