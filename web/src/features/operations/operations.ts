/** What operator pages ask and do. */
import { graphql } from "../../api/graphql";

export const PROJECTIONS = graphql(`
  query Projections {
    operations {
      readModels { name version build state applied lagEvents lagSecs percent parkedGuilds paused updatedAt }
      processes { name events lagEvents parkedGuilds paused }
    }
  }
`);
export const ASK_READ_MODEL = graphql(`mutation AskReadModel($input: ReadModelRequest!) { readModelAsk(input: $input) }`);
export const DEAD_LETTERS = graphql(`
  query DeadLetters {
    operations {
      deadLetters { readModel guild seq event eventType errorId error attempts at }
      parkedGuilds { process guild seq eventType errorId error tries }
    }
  }
`);
export const RETRY_PROCESS = graphql(`mutation RetryProcess($process: String!, $guild: Snowflake) { processRetry(process: $process, guild: $guild) }`);
export const EFFECTS = graphql(`
  query Effects($state: EffectState) {
    operations {
      effectCounts { waiting calling unknown done dead dropped oldestWaitingSecs }
      effects(state: $state, first: 200) { id kind process guild state tries createdAt nextAt error }
    }
  }
`);
export const RETRY_EFFECT = graphql(`mutation RetryEffect($id: EventId!) { effectRetry(id: $id) }`);
export const DROP_EFFECT = graphql(`mutation DropEffect($id: EventId!) { effectDrop(id: $id) }`);
export const CALLERS = graphql(`query Callers { operations { callers { address requests refused tooMany lastAt } } }`);
export const MAINTENANCE = graphql(`query Maintenance { operations { maintenance { on notice } } }`);
export const SWITCH_MAINTENANCE = graphql(`mutation SwitchMaintenance($input: MaintenanceSwitch!) { maintenanceSwitch(input: $input) { done { status refusal { rule text } } maintenance { on notice } } }`);
