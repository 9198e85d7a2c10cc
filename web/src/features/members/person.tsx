/** Somebody, wherever a page names them. */
import { Link } from "@tanstack/react-router";
import { t } from "../../i18n";
import { useGuild } from "../../session/guild";
import { Avatar } from "../../ui/avatar";
import { Icon } from "../../ui/icon";

export type PersonLine = { number: number; userId?: string | null; name?: string | null; avatarUrl?: string | null };

export function personName(person: PersonLine): string {
  if (person.name != null) return person.name;
  return person.userId == null ? t("Erased member #{number}", { number: person.number }) : t("Member #{number}", { number: person.number });
}

export function Person({ person, plain = false }: { person: PersonLine | null | undefined; plain?: boolean }) {
  const { id, at } = useGuild();
  if (person == null) return <span className="muted">{t("the community")}</span>;
  const inside = <><Avatar name={personName(person)} url={person.avatarUrl} size={22} /><bdi className="cut">{personName(person)}</bdi></>;
  if (plain || person.userId == null) return <span className="person">{inside}</span>;
  return <Link to="/g/$guild/members/$member" params={{ guild: id, member: person.userId }} search={at === undefined ? {} : { at }} className="person" onClick={(event) => { event.stopPropagation(); }}>{inside}</Link>;
}

export type ActorLine = { kind: string; person?: PersonLine | null; process?: string | null };

/** Who is answerable for an event: somebody, a rule of the bot's, the operator. */
export function Actor({ actor }: { actor: ActorLine }) {
  if (actor.person != null) return <Person person={actor.person} />;
  const name = actor.kind === "PROCESS" ? actor.process ?? t("a rule") : actor.kind === "IMPORT" ? t("brought from elsewhere") : t("the operator");
  return <span className="person"><span className="avatar avatar-22 hue-4" aria-hidden="true"><Icon name={actor.kind === "PROCESS" ? "gear" : "wrench"} size={13} /></span><span className="cut">{name}</span></span>;
}
