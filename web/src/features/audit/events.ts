/** What pages about history ask. */
import { graphql, type ResultOf } from "../../api/graphql";
import type { Tone } from "../../ui/badge";

export const EVENTS = graphql(`
  query Events($guild: Snowflake!, $asOf: Moment, $filter: EventFilter, $first: Int!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      events(filter: $filter, first: $first, after: $after) {
        nodes { id seq at type sentence actor { kind process person { number userId name avatarUrl } } }
        endCursor
      }
    }
  }
`);

export const EVENT = graphql(`
  query Event($guild: Snowflake!, $id: EventId, $seq: Long) {
    guild(id: $guild) {
      event(id: $id, seq: $seq) {
        id seq at type typeVersion stream version sentence payload correlation throughKey policy hash sound
        actor { kind process person { number userId name avatarUrl } }
        causes { id seq at type sentence }
        consequences { id seq at type sentence }
      }
    }
  }
`);

export type EventLine = NonNullable<ResultOf<typeof EVENTS>["guild"]>["events"]["nodes"][number];
export type EventWhole = NonNullable<NonNullable<ResultOf<typeof EVENT>["guild"]>["event"]>;

/** A page of events in the shape of every other list. */
export function eventPage(data: ResultOf<typeof EVENTS>) {
  const page = data.guild?.events;
  return page && { edges: page.nodes.map((node) => ({ node })), pageInfo: { hasNextPage: page.endCursor != null, endCursor: page.endCursor } };
}

/** A colour for what a type of event means to people. */
export function toneOf(type: string): Tone {
  if (/refus|fail|ban|warn|block|taken|erased|cancel/.test(type)) return "bad";
  if (type.includes("settings.changed")) return "accent";
  if (/granted|awarded|given|opened|applied|confirmed|claimed/.test(type)) return "good";
  if (/ordered|drawn|closed|revoked/.test(type)) return "warn";
  return "info";
}
