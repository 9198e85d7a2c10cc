/** Modules: what this community uses of the bot. */
import { Answered, freshKey, useAsk, useDo } from "../../api/ask";
import { graphql } from "../../api/graphql";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Card } from "../../ui/card";
import { Switch } from "../../ui/field";
import { Empty } from "../../ui/notice";

const MODULES = graphql(`query Modules($guild: Snowflake!) { guild(id: $guild) { modules { name title about state } } }`);
const SWITCH = graphql(`mutation SwitchModule($input: ModuleSwitch!) { moduleSwitch(input: $input) { done { status refusal { rule text } } state } }`);

export function Modules() {
  const { id, refused } = useGuild();
  // Modules are shown as they are now, also while the past is looked at.
  const asked = useAsk(MODULES, { guild: id });
  const { act, busy } = useDo(SWITCH, (data) => data.moduleSwitch.done);
  async function turn(module: string, title: string, on: boolean) {
    await act({ input: { guild: id, module, on, key: freshKey() } }, on ? t("{title} is on. Its commands are there within moments.", { title }) : t("{title} is off. Nothing of it is lost.", { title }));
    asked.again();
  }
  return (
    <Page title={t("Modules")} about={t("What this community uses. Switching one off loses nothing: its history stays, and it goes on where it was.")}>
      <Answered asked={asked}>{(data) => {
        const modules = data.guild?.modules ?? [];
        if (modules.length === 0) return <Card><Empty icon="switch" title={t("There are no modules")} /></Card>;
        return (
          <div className="stack">
            {modules.map((module) => {
              const isOff = module.state === "OFF_BY_OPERATOR";
              return (
                <Card key={module.name}>
                  <div className="row">
                    <div className="grow">
                      <h2>{module.title} {isOff && <Badge tone="warn">{t("switched off by the operator")}</Badge>}</h2>
                      <p className="muted">{module.about}</p>
                    </div>
                    <Switch on={module.state === "ON"} label={module.title} busy={busy} refused={isOff ? t("The operator of this installation has switched it off for everybody.") : refused("MANAGE_SETTINGS")} onChange={(on) => { void turn(module.name, module.title, on); }} />
                  </div>
                </Card>
              );
            })}
          </div>
        );
      }}</Answered>
    </Page>
  );
}
