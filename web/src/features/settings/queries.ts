/** What settings pages ask and do. */
import { graphql, type ResultOf } from "../../api/graphql";

export const CAPABILITIES = graphql(`
  query Capabilities($guild: Snowflake!, $asOf: Moment) {
    guild(id: $guild, asOf: $asOf) { settings { name title version canChange permission fields { name isDefault } } }
  }
`);

export const CAPABILITY = graphql(`
  query CapabilitySettings($guild: Snowflake!, $asOf: Moment, $capability: String!) {
    guild(id: $guild, asOf: $asOf) {
      roles { id name }
      channels { id name kind }
      settingsOf(capability: $capability) {
        name title version canChange permission
        fields { name title help kind bounds choices columns { name kind bounds choices } allowed text isDefault }
      }
    }
  }
`);

export const VERSIONS = graphql(`
  query SettingsVersions($guild: Snowflake!, $asOf: Moment, $capability: String!, $after: String) {
    guild(id: $guild, asOf: $asOf) {
      settingsOf(capability: $capability) {
        versions(first: 20, after: $after) {
          edges { node { version event seq at by { kind process person { number userId name avatarUrl } } changes { name title before after } } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`);

export const CHANGE = graphql(`
  mutation ChangeSettings($input: SettingsChange!) { settingsChange(input: $input) { done { status refusal { rule text } } changes { name } } }
`);

export const REVERT = graphql(`
  mutation RevertSettings($input: SettingsRevert!) { settingsRevert(input: $input) { done { status refusal { rule text } } changes { name } } }
`);

export const RESET = graphql(`
  mutation ResetSetting($input: SettingsReset!) { settingsReset(input: $input) { done { status refusal { rule text } } changes { name title before after } } }
`);

export type GuildSettings = NonNullable<ResultOf<typeof CAPABILITY>["guild"]>;
