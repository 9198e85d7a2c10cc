/** What the pages of giveaways ask, and what they can do. */
import { graphql, type ResultOf } from "../../api/graphql";

export const GIVEAWAYS = graphql(`
  query Giveaways($guild: Snowflake!, $asOf: Moment, $states: [GiveawayState!], $after: String) {
    guild(id: $guild, asOf: $asOf) {
      giveaways {
        list(states: $states, first: 50, after: $after) {
          edges { node { id prize state winnerCount entries madeAt endsAt channel } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

export const GIVEAWAY = graphql(`
  query Giveaway($guild: Snowflake!, $asOf: Moment, $id: ID!) {
    guild(id: $guild, asOf: $asOf) {
      roles { id name }
      channels { id name kind }
      giveaways {
        one(id: $id) {
          id prize state winnerCount entries madeAt endsAt channel message claimSecs maxRerolls commitment root drawnFrom seed
          requires { allOf anyOf noneOf level accountDays memberDays }
          bonus { role entries }
        }
        winners(id: $id) { k entry why at state since person { number userId name avatarUrl } }
      }
    }
  }
`);

export const STANDINGS = graphql(`
  query GiveawayStandings($guild: Snowflake!, $asOf: Moment, $id: ID!) {
    guild(id: $guild, asOf: $asOf) { giveaways { standings(id: $id) { standing count } } }
  }
`);

export const ENTRANTS = graphql(`
  query GiveawayEntrants($guild: Snowflake!, $asOf: Moment, $id: ID!, $standing: String, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      giveaways {
        entrants(id: $id, standing: $standing, first: 50, after: $after) {
          edges { node { entry weight standing at person { number userId name avatarUrl } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

export const STEPS = graphql(`
  query GiveawayTimeline($guild: Snowflake!, $asOf: Moment, $id: ID!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      giveaways {
        timeline(id: $id, first: 50, after: $after) {
          edges { node { seq at what entry why number reason person { number userId name avatarUrl } by { number userId name avatarUrl } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

export const RECEIPT = graphql(`
  query GiveawayReceipt($guild: Snowflake!, $id: ID!) {
    guild(id: $guild) { giveaways { receipt(id: $id) { entry number weight salt tag } } }
  }
`);

export const PLACES = graphql(`
  query GiveawayPlaces($guild: Snowflake!) {
    guild(id: $guild) {
      roles { id name }
      channels { id name kind }
      giveaways { templates { name winners durationSecs claimSecs accountDays memberDays roles { needs role entries } } }
    }
  }
`);

export const CREATE = graphql(`mutation GiveawayCreate($input: GiveawayCreate!) { giveawayCreate(input: $input) { done { status refusal { rule text } } id } }`);
export const EDIT = graphql(`mutation GiveawayEdit($input: GiveawayEdit!) { giveawayEdit(input: $input) { done { status refusal { rule text } } id } }`);
export const PAUSE = graphql(`mutation GiveawayPause($input: GiveawayChoice!) { giveawayPause(input: $input) { done { status refusal { rule text } } id } }`);
export const RESUME = graphql(`mutation GiveawayResume($input: GiveawayChoice!) { giveawayResume(input: $input) { done { status refusal { rule text } } id } }`);
export const END = graphql(`mutation GiveawayEnd($input: GiveawayChoice!) { giveawayEnd(input: $input) { done { status refusal { rule text } } id } }`);
export const CANCEL = graphql(`mutation GiveawayCancel($input: GiveawayChoice!) { giveawayCancel(input: $input) { done { status refusal { rule text } } id } }`);
export const REROLL = graphql(`mutation GiveawayReroll($input: GiveawayReroll!) { giveawayReroll(input: $input) { done { status refusal { rule text } } id } }`);

type Guild = NonNullable<ResultOf<typeof GIVEAWAY>["guild"]>;
export type Giveaway = NonNullable<Guild["giveaways"]["one"]>;
export type Winner = Guild["giveaways"]["winners"][number];
export type Place = Guild["roles"][number];
