/** Everything that a community can configure. */
import { Link } from "@tanstack/react-router";
import { Answered, useAsk } from "../../api/ask";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Page } from "../../shell/page";
import { Badge } from "../../ui/badge";
import { Empty } from "../../ui/notice";
import { CAPABILITIES } from "./queries";
import "./settings.css";

export function SettingsList() {
  const { id, asOf, at } = useGuild();
  const asked = useAsk(CAPABILITIES, { guild: id, asOf });
  return (
    <Page title={t("Settings")} about={t("Every change is kept with who made it, and can be taken back.")}>
      <Answered asked={asked}>{(data) => {
        const capabilities = data.guild?.settings ?? [];
        if (capabilities.length === 0) return <div className="card"><Empty icon="gear" title={t("No settings for you")}>{t("Somebody with “Manage Server” can change settings here.")}</Empty></div>;
        return (
          <ul className="guild-list">
            {capabilities.map((capability) => {
              const changed = capability.fields.filter((field) => !field.isDefault).length;
              return (
                <li key={capability.name}>
                  <Link to="/g/$guild/settings/$capability" params={{ guild: id, capability: capability.name }} search={at === undefined ? {} : { at }} className="guild-card">
                    <span className="grow">
                      <strong>{capability.title}</strong>
                      <span className="small muted setting-count">{t("{fields, plural, one {# field} other {# fields}}, {changed} of your own", { fields: capability.fields.length, changed })}</span>
                    </span>
                    {capability.version > 0 && <Badge>v{capability.version}</Badge>}
                    {!capability.canChange && <Badge tone="warn">{t("read only")}</Badge>}
                  </Link>
                </li>
              );
            })}
          </ul>
        );
      }}</Answered>
    </Page>
  );
}
