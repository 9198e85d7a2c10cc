/** Questions typed by the committed schema. `npm run types` reads it; nothing here is written by hand. */
import { initGraphQLTada } from "gql.tada";
import type { introspection } from "./schema-types";

export const graphql = initGraphQLTada<{
  introspection: introspection;
  disableMasking: true;
  scalars: { Snowflake: string; Long: string; Time: string; Day: string; EventId: string; Moment: string; JSON: unknown };
}>();

export type { ResultOf, VariablesOf } from "gql.tada";
