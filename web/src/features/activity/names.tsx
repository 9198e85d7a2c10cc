/** What a line of numbers is of: a channel, a member, a command, a kind. */
import { t } from "../../i18n";
import { kindName, KINDS } from "../economy/kinds";
import { Person, personName } from "../members/person";
import type { Of } from "./queries";

export type Channels = readonly { id: string; name: string; gone?: boolean }[];

export function channelName(id: string, channels: Channels): string {
  const known = channels.find((channel) => channel.id === id);
  if (known === undefined) return t("a channel that is gone ({id})", { id });
  return known.gone === true ? t("#{name} (deleted)", { name: known.name }) : `#${known.name}`;
}

function word(name: string): string {
  return (KINDS as readonly string[]).includes(name) ? kindName(name) : name;
}

export function nameOf(of: Of, channels: Channels): string {
  if (of.channel != null) return channelName(of.channel, channels);
  if (of.person != null) return personName(of.person);
  return word(of.word ?? "");
}

export function NameOf({ of, channels }: { of: Of; channels: Channels }) {
  if (of.person != null) return <Person person={of.person} />;
  return <span className="cut">{nameOf(of, channels)}</span>;
}

/** Two members of one name are two lines. */
export function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${String(times)})`;
  });
}
