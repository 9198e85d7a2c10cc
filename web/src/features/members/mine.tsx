/** The viewer's own page among the members. */
import { Navigate } from "@tanstack/react-router";
import { useGuild } from "../../session/guild";
import { useOwnId } from "../../session/session";

export function Mine() {
  const { id, at } = useGuild();
  const userId = useOwnId();
  return <Navigate to="/g/$guild/members/$member" params={{ guild: id, member: userId }} search={at === undefined ? {} : { at }} replace />;
}
