/** The communities that the viewer and the bot share. */
import { Link } from "@tanstack/react-router";
import { t } from "../../i18n";
import { useViewer } from "../../session/session";
import { Page } from "../../shell/page";
import { Avatar } from "../../ui/avatar";
import { Badge } from "../../ui/badge";
import { Empty } from "../../ui/notice";

export function Guilds() {
  const { guilds, isOperator, userId } = useViewer();
  return (
    <Page title={t("Your communities")} about={t("Where you are a member and this bot is at home.")}>
      {guilds.length === 0 ? (
        <div className="card">
          <Empty icon="people" title={t("No community yet")} action={isOperator ? <Link to="/ops/projections" className="button">{t("To the installation")}</Link> : undefined}>
            {userId === null ? t("You are signed in without Discord: no community knows you. Sign out and in with Discord to see yours.") : t("Communities appear here once this bot is in one of yours. Somebody with “Manage Server” there can invite it.")}
          </Empty>
        </div>
      ) : (
        <ul className="guild-list">
          {guilds.map((guild) => (
            <li key={guild.id}>
              <Link to="/g/$guild/overview" params={{ guild: guild.id }} className="guild-card">
                <Avatar name={guild.name} url={guild.iconUrl} size={36} square />
                <span className="grow">
                  <strong className="cut">{guild.name}</strong>
                  <span className="row small muted">{t("{count, plural, one {# member} other {# members}}", { count: guild.memberCount })}</span>
                </span>
                {guild.permissions.length > 0 && <Badge tone="accent">{guild.permissions.includes("MANAGE_SETTINGS") ? t("Admin") : t("Staff")}</Badge>}
              </Link>
            </li>
          ))}
        </ul>
      )}
      {userId !== null && <p className="small muted">{t("Were you warned or banned somewhere?")} <Link to="/me/appeals">{t("My appeals")}</Link></p>}
    </Page>
  );
}
