// A server that answers every question of the committed schema with invented data, for looking at
// each page and each of its states without the bot: ?as= an anonymous visitor, a member, an admin or
// an operator, and with everything empty, broken or slow. It sends the headers that the real server
// sends, so that what breaks the content policy breaks here too. Flows are tested against the bot.
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSchema, graphql } from "graphql";
import { drawsOf, drawsRoot, serveDraw } from "./draws.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const DIST = join(here, "../dist");
export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: https://cdn.discordapp.com; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const schema = buildSchema(readFileSync(join(here, "../../schema/schema.graphql"), "utf8"));
const GUILD = "900000000000000001";
const NOW = Date.parse("2026-11-21T12:00:00Z");
const DAY = 86_400_000;
const iso = (ms) => new Date(ms).toISOString();
const ALL = ["MANAGE_ECONOMY", "MANAGE_SETTINGS", "MANAGE_ACCESS", "MANAGE_GIVEAWAYS", "MODERATE", "KICK", "BAN", "VIEW_RECORDS", "VIEW_AUDIT", "VIEW_ANALYTICS"];
// Names as members write them, also to do harm.
const NAMES = ["Mira", "tobias", "Noor", "Kestrel the Very Long Named Member of This Community", "<img src=x onerror=alert(1)>", "sana", "‮evil‬", "Zoë 💎", "", "juniper", "o'brien", "wanda"];
const person = (n) => ({ number: n, userId: n === 9 ? null : String(100000000000000000n + BigInt(n)), name: n === 9 ? null : NAMES[n % NAMES.length] || null, avatarUrl: n === 1 ? "https://cdn.discordapp.com/avatars/1/a.png" : null, erased: n === 9 });
const uuid = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const HEAD = 4217;

function page(total, first, after, make) {
  const start = after == null ? 0 : Number(after);
  const nodes = Array.from({ length: Math.max(0, Math.min(first ?? 20, total - start)) }, (_, i) => make(start + i));
  const end = start + nodes.length;
  return { edges: nodes.map((node) => ({ node, cursor: "" })), nodes, pageInfo: { hasNextPage: end < total, hasPreviousPage: start > 0, startCursor: String(start), endCursor: String(end) }, endCursor: end < total ? String(end) : null };
}

const EVENTS = [
  ["economy.bytes_transferred", "Mira sent 40 bytes to Noor"],
  ["economy.daily_awarded", "tobias received the reward of 21 November: 120"],
  ["refusals.transfer_refused", "sana could not send 9,000 to <img src=x onerror=alert(1)>: not enough"],
  ["economy_settings.changed", "Noor changed the economy's settings (version 3)"],
  ["moderation.member_warned", "tobias warned Zoë 💎"],
];
function event(seq) {
  const [type, sentence] = EVENTS[seq % EVENTS.length];
  const process = seq % 7 === 0;
  return {
    id: uuid(seq), seq: String(seq), at: iso(NOW - (HEAD - seq) * 173_000), type, typeVersion: 1, stream: type.split(".")[0], version: String(seq),
    actor: process ? { kind: "PROCESS", process: "awards", person: null } : { kind: "PERSON", person: person(seq % 12), process: null },
    sentence, payload: { from: 1, to: 3, amount: "40", reason: { sealed: "AAECAwQ=" } }, correlation: uuid(seq - (seq % 5)), throughKey: null, policy: 3, hash: "9f".repeat(32), sound: true,
    causes: () => (seq % 3 === 0 ? [event(seq - 1)] : []), consequences: () => (seq % 2 === 0 ? [event(seq + 1), event(seq + 2)] : []),
  };
}

const field = (name, title, kind, text, more = {}) => ({ name, title, help: `What ${title.toLowerCase()} means, in a sentence that is a little longer.`, kind, bounds: {}, choices: [], columns: [], allowed: "use 0 to 10,000", text, value: text, isDefault: true, ...more });
const economyFields = [
  field("starting_balance", "Starting balance", "AMOUNT", "100", { bounds: { min: "0", max: "10000" } }),
  field("daily_amount", "Daily reward", "AMOUNT", "120", { bounds: { min: "0", max: "10000" }, isDefault: false }),
  field("transfer_cooldown", "Transfer cooldown", "DURATION", "5m", { bounds: { minSecs: 0, maxSecs: 86400 }, allowed: "use 0s to 1d, such as 90s, 5m, 24h or 7d" }),
  field("currency", "Currency", "TEXT", "bytes", { bounds: { minChars: 1, maxChars: 20 }, allowed: "use 1 to 20 characters, no spaces around them" }),
  field("announce", "Announce rewards", "SWITCH", "on"),
  field("order", "Order of boards", "CHOICE", "balance", { choices: ["balance", "earned"], allowed: "use balance or earned" }),
  field("log_channel", "Log channel", "CHANNEL", "900000000000000031"),
  field("role_rewards", "Role rewards", "LIST", "1000:21, 5000:22", { bounds: { most: 10 }, columns: [{ name: "bytes", kind: "AMOUNT", bounds: { min: "1", max: "1000000" }, choices: [] }, { name: "role", kind: "ROLE", bounds: {}, choices: [] }], isDefault: false, allowed: "use at most 10, each written as bytes:role" }),
];
const capability = (name, title, permission, can) => ({
  name, title, permission, canChange: can, version: name === "economy" ? 3 : 0, fields: economyFields,
  versions: ({ first, after }) => page(name === "economy" ? 3 : 0, first, after, (i) => ({ version: 3 - i, event: uuid(4000 - i), seq: String(4000 - i), at: iso(NOW - i * 3 * DAY), by: { kind: "PERSON", person: person(2), process: null }, changes: [{ name: "daily_amount", title: "Daily reward", before: String(100 + (2 - i) * 10), after: String(110 + (2 - i) * 10) }] })),
});

const KINDS = ["WARNING", "WARNING", "TIMEOUT", "NOTE", "BAN", "KICK", "WARNING", "SOFTBAN"];
const REASONS = ["spam in three channels", "insulted a newcomer", null, "<img src=x onerror=alert(1)>", "scam links by direct message", "would not stop after two warnings, was asked to read the rules, and wrote the same once more in another channel"];
const answerable = (i) => (i % 6 === 5 ? { person: null, actingFor: null, rule: "ladder" } : { person: person((i % 3) + 1), actingFor: i % 9 === 4 ? person(6) : null, rule: null });
function modCase(number, whole = true) {
  const kind = KINDS[number % KINDS.length];
  const standing = kind === "WARNING" ? "counts" : kind === "TIMEOUT" || kind === "BAN" ? ["in_force", "over", "failed", "under_way"][number % 4] : "done";
  const active = standing === "in_force" || (standing === "counts" && number % 3 !== 0);
  return {
    number, kind, severity: kind === "WARNING" ? (number % 5 === 0 ? "major" : "minor") : null, at: iso(NOW - (60 - number) * 7_100_000), until: kind === "WARNING" || kind === "TIMEOUT" ? iso(NOW + number * 3_600_000) : null,
    standing, active, status: standing === "failed" ? "FAILED" : standing === "over" ? "PARDONED" : number % 7 === 3 ? "RESOLVED" : "OPEN", failure: standing === "failed" ? "the bot may not do that to them" : null, hidden: number % 13 === 0,
    reason: REASONS[number % REASONS.length], appeal: number % 8 === 4 || number === 41 ? "open" : number % 8 === 1 ? "refused" : null, appeals: number % 8 === 4 ? 2 : 1, origin: number % 6 === 5 ? "ladder" : number % 11 === 0 ? "observed" : "order", ledBy: number % 6 === 5 ? number - 1 : null,
    person: person(whole ? (number % 8) + 2 : 1), by: whole ? answerable(number) : null, whole, notes: 1, evidence: 1, links: whole && number % 4 === 1 ? [12, 30] : [], older: number > 1 ? number - 1 : null, newer: number < 58 ? number + 1 : null,
    files: () => (whole && number % 2 === 1 ? FILES.map((file, i) => ({ evidence: 1, number: i + 1, address: file.outcome === "COPIED" ? `/g/${GUILD}/cases/${number}/files/1/${i + 1}` : null, ...file })) : []),
    similar: () => (whole ? [33, 25, 17].map((n) => modCase(n)) : []),
    timeline: ({ first, after }) => page(whole ? STORY.length : 0, first, after, (i) => ({ seq: String(HEAD - i * 9), event: uuid(HEAD - i * 9), at: iso(NOW - i * 5_400_000), text: null, detail: null, other: null, policy: null, place: null, by: answerable(i), ...STORY[i] })),
  };
}
const LOGGED = [
  { kind: "MESSAGE_EDITED", channel: "31", before: { text: "see you at 7", files: [] }, after: { text: "see you at <b>8</b>, and bring your own cup", files: [] } },
  { kind: "MESSAGE_DELETED", channel: "31", before: { text: "join my server for free nitro!!! https://example.org/a-very-long-address-that-somebody-posted-in-the-middle-of-a-sentence", files: ["nitro.png"] } },
  { kind: "MESSAGE_DELETED", channel: "31" },
  { kind: "MESSAGES_PURGED", channel: "999", person: null, messages: 14, purged: [{ text: "first", files: [], author: person(3) }, { text: "", files: ["cat.png", "dog.png"], author: person(9) }] },
  { kind: "MEMBER_RENAMED", names: { was: null, is: "‮drow desrever" } },
  { kind: "MEMBER_ROLES", changes: [{ field: "roles", was: null, is: "@Regular" }] },
  { kind: "CHANNEL_UPDATED", person: null, subject: "31", changes: [{ field: "topic", was: "Everything", is: "Everything but politics" }, { field: "slowmode", was: "0", is: "5" }] },
  { kind: "VOICE_MOVED", channel: "33", from: "34" },
  { kind: "COMMAND_USED", channel: "32", subject: "bytes read" },
];
const logEntry = (i) => ({ seq: String(HEAD - i), at: iso(NOW - i * 610_000), person: person((i % 8) + 1), by: i % 3 === 1 ? person(4) : null, channel: null, from: null, message: null, messages: 1, subject: null, changes: [], names: null, before: null, after: null, purged: [], ...LOGGED[i % LOGGED.length] });
const LOOKED = [
  { what: "CASE_OPENED", case: 41, whom: person(4) },
  { what: "RECORD_OPENED", whom: person(3) },
  { what: "LOG_SEARCHED", whom: person(5) },
  { what: "CASES_BROWSED" },
  { what: "FILE_OPENED", case: 12, via: "DOWNLOAD" },
  { what: "LIST_TAKEN", list: "case_entries", via: "DOWNLOAD" },
  { what: "RECORD_OPENED", whom: person(9), via: "DISCORD" },
  { what: "LIST_SEARCHED", list: "a_list_of_tomorrow_with_a_long_name", whom: person(6), via: "DOWNLOAD" },
  { what: "HISTORY_SEARCHED", whom: person(2) },
  { what: "MANY_OPENED" },
];
const readLine = (i, operators) => ({ seq: String(HEAD - i), at: iso(NOW - i * 1_210_000), case: null, list: null, whom: null, via: "DASHBOARD", byOperator: operators || i % 11 === 7, who: operators || i % 11 === 7 ? null : person((i % 3) + 1), ...LOOKED[i % LOOKED.length] });
const FILES = [
  { name: "nitro.png", bytes: "48213", outcome: "COPIED" },
  { name: "a-recording-of-everything-that-was-said-in-the-voice-channel-that-evening.mp4", bytes: "31457280", outcome: "TOO_LARGE" },
  { name: "screenshot.webp", bytes: "912", outcome: null },
  { name: null, bytes: null, outcome: "GONE" },
];
const SYSTEM = { person: null, actingFor: null, rule: null };
const STORY = [
  { what: "decision", detail: "refused", text: "The logs say otherwise.", by: answerable(1) },
  { what: "appeal", text: "It was not me, my account was stolen.", by: { person: person(3), actingFor: null, rule: null } },
  { what: "linked", other: 12 },
  { what: "evidence", detail: "1", text: "join my server for free nitro!!!", place: { channel: "31", message: "9001" } },
  { what: "note", text: "Spoke with them in private; they were friendly." },
  { what: "reason", text: "spam in three channels" },
  { what: "applied", by: SYSTEM },
  { what: "step", detail: "timeout", other: 42, policy: 4, by: SYSTEM },
  { what: "opened", text: "spam", policy: 4 },
];
const countsOf = () => [["BAN", 6, 2], ["KICK", 5, 0], ["NOTE", 7, 0], ["TIMEOUT", 9, 3], ["WARNING", 31, 14]].map(([kind, all, active]) => ({ kind, all: String(all), active: String(active) }));
const moderationOf = (mode) => {
  const empty = mode === "empty";
  return {
    cases: ({ filter, first, after }) => page(empty ? 0 : filter?.user != null ? 4 : 58, first, after, (i) => modCase(58 - i)),
    caseCounts: empty ? [] : countsOf(),
    case: ({ number }) => (empty ? null : modCase(number, mode !== "member")),
    record: { person: person(1), counts: empty ? [] : countsOf(), active: empty ? [] : [57, 52].map((n) => modCase(n)), recent: empty ? [] : [57, 54, 52, 49].map((n) => modCase(n)) },
    moderators: empty ? [] : [1, 2, 3, 5, 9].map((n, i) => ({ moderator: person(n), cases: String(240 >> i), lastAt: iso(NOW - i * DAY), kinds: [["BAN", 20 >> i], ["KICK", 30 >> i], ["NOTE", 40 >> i], ["TIMEOUT", 50 >> i], ["WARNING", 100 >> i]].map(([kind, cases]) => ({ kind, cases: String(cases) })) })),
    appeals: ({ first, after }) => page(empty ? 0 : 3, first, after, (i) => ({ seq: String(4000 + i), at: iso(NOW - (3 - i) * DAY), text: i === 1 ? null : "My little brother was at the keyboard. <b>Sorry!</b> It will not happen again, I have changed my password.", case: modCase(4 + i * 8) })),
    undoPreview: { warnings: "14", timeouts: "2", bans: "1", step: "17" },
  };
};
const punished = (empty) => (empty ? [] : [
  { guild: GUILD, name: "Ferris Café", iconUrl: null, isMember: true, showsRecord: true, takesAppeals: true, cases: [{ ...modCase(52, false), mostAppeals: 3, appeals: 0, appeal: null, appealed: null, answer: null }, { ...modCase(41, false), mostAppeals: 3, appealed: { at: iso(NOW - 2 * DAY), text: "That was a joke among friends." }, answer: null }] },
  { guild: "900000000000000003", name: "The Other Place", iconUrl: null, isMember: false, showsRecord: true, takesAppeals: true, cases: [{ ...modCase(4, false), status: "OPEN", appeal: "refused", mostAppeals: 3, appeals: 1, appealed: { at: iso(NOW - 9 * DAY), text: "My account was stolen." }, answer: { at: iso(NOW - 8 * DAY), text: "Write again once you have two-factor authentication." } }] },
  { guild: "900000000000000004", name: "Quiet Corner", iconUrl: null, isMember: false, showsRecord: false, takesAppeals: true, cases: [] },
]);
// Numbers that look like a community's: more in the evening, less on Mondays, some days that nobody saw.
const wave = (i, height) => Math.max(0, Math.round(height * (1 + 0.35 * Math.sin(i / 1.1) + 0.2 * Math.sin(i / 4.3) + ((i * 7919) % 23) / 60)));
const HEIGHTS = { MESSAGES: 5200, ACTIVE: 840, VOICE_MINUTES: 2900, REACTIONS: 1700, REPLIES: 900, ATTACHMENTS: 310, JOINS: 61, LEAVES: 24, GROWTH: 37, COMMANDS: 420, COMMANDS_REFUSED: 31, COMMANDS_FAILED: 1, COMMAND_MILLIS: 48, CASES: 9, MOVEMENTS: 180, BYTES: 12_400, SUPPLY: 400_000, VELOCITY: 14, GIVEAWAYS: 0.6, ENTRIES: 74 };
const STEP_DAYS = { HOUR: 1 / 24, DAY: 1, WEEK: 7, MONTH: 30 };
const daysOf = (range) => range?.since != null && range.until != null ? Math.round((Date.parse(range.until) - Date.parse(range.since)) / DAY) + 1 : range?.days ?? 30;
function series(empty, { metric, every = "DAY", split, range, lines = 6 }) {
  const end = Date.parse("2026-11-21T23:00:00Z");
  const step = STEP_DAYS[every] * DAY;
  const count = Math.max(1, Math.ceil((daysOf(range) * DAY) / step));
  const numbers = (height, shift) => Array.from({ length: count }, (_, i) => String(empty ? 0 : metric === "SUPPLY" ? Math.round(height - (count - i) * 700) : wave(i + shift, height)));
  const sum = (values) => String(metric === "SUPPLY" ? values.at(-1) : metric === "ACTIVE" ? Number(values[0]) * 3 : values.reduce((all, one) => all + Number(one), 0));
  const values = numbers(HEIGHTS[metric], 0);
  const before = numbers(HEIGHTS[metric] * 0.93, 9);
  return {
    starts: values.map((_, i) => iso(end - (count - i) * step)), until: iso(end), values, sum: sum(values), before, sumBefore: sum(before),
    lines: split == null || empty ? [] : Array.from({ length: Math.min(lines, 5) }, (_, i) => { const own = numbers(HEIGHTS[metric] / (i + 2), i * 3); return { of: lineOf(split, i), values: own, sum: sum(own) }; }),
  };
}
const lineOf = (split, i) => ({ channel: split === "CHANNEL" ? (i === 4 ? "900000000000000999" : CHANNELS[i % CHANNELS.length].id) : null, person: split === "MEMBER" ? person(i + 1) : null, word: split === "COMMAND" ? ["bytes send", "rank", "daily", "giveaway list", "stats"][i % 5] : split === "KIND" ? ["warning", "transfer", "daily", "ban", "grant"][i % 5] : null });
const CHANNELS = ["rules", "general", "bot-commands", "voice-lounge"].map((name, i) => ({ id: String(900000000000000030n + BigInt(i)), name, kind: name.startsWith("voice") ? 2 : 0, gone: false }));
const activityOf = (empty) => ({
  timeZone: "Europe/Berlin",
  series: (asked) => series(empty, asked),
  gaps: empty ? [] : [
    { from: iso(NOW - 9 * DAY), until: iso(NOW - 8.6 * DAY), recovered: null },
    { from: iso(NOW - 4 * DAY), until: iso(NOW - 3.7 * DAY), recovered: { messages: "412", unread: "0", cut: false } },
  ],
  active: empty ? { daily: "0", weekly: "0", monthly: "0", stickiness: 0 } : { daily: "842", weekly: "3120", monthly: "9041", stickiness: 0.0931 },
  week: Array.from({ length: 7 }, (_, day) => Array.from({ length: 24 }, (_, hour) => String(empty ? 0 : Math.max(0, Math.round(620 * Math.sin(((hour - 7) / 24) * Math.PI * 1.6) * (day > 4 ? 1.3 : 1)))))),
  anomalies: empty ? [] : [{ what: "SILENCE", from: iso(NOW - 6 * DAY), until: iso(NOW - 6 * DAY + 3 * 3_600_000), count: "4", usual: "612" }, { what: "JOINS", from: iso(NOW - 3 * DAY), until: iso(NOW - 3 * DAY + 3_600_000), count: "240", usual: "3" }],
  cohorts: empty ? [] : Array.from({ length: 9 }, (_, i) => ({ week: iso(Date.parse("2026-09-14T00:00:00Z") + i * 7 * DAY).slice(0, 10), came: String(210 + i * 13), stayed: Array.from({ length: 9 - i }, (_, w) => String(Math.round((210 + i * 13) * (0.62 / (1 + w * 0.35))))) })),
  most: ({ split, rising, first }) => (empty ? [] : Array.from({ length: Math.min(first, 6) }, (_, i) => ({ of: lineOf(split, i), now: String(4210 - i * 603), before: rising && i === 0 ? "0" : String(3900 - i * 480 + i * i * 60) }))),
  commands: empty ? [] : ["bytes send", "rank", "daily", "giveaway list", "stats", "case"].map((command, i) => ({ command, done: String(1840 - i * 270), refused: String(61 - i * 9), failed: i === 3 ? "2" : "0", millis: String(31 + i * 17) })),
  member: empty ? null : { messages: "1204", reactions: "311", voiceMinutes: "842", commands: "57", firstActive: "2026-03-02", lastActive: "2026-11-21", joined: iso(NOW - 260 * DAY), ...(({ starts, values }) => ({ starts, messagesByDay: values.map((one) => String(Math.round(Number(one) / 130))) }))(series(false, { metric: "MESSAGES" })) },
});
const levelsOf = (empty) => ({
  board: ({ period, first, after }) => ({ start: period == null ? null : "2026-11-09", lines: page(empty ? 0 : 130, first, after, (i) => ({ place: String(i + 1), person: person((i % 12) + 1 + Math.floor(i / 12) * 12), xp: String(Math.round(912_400 / (i + 1.6))), level: period == null ? 62 - Math.floor(i / 2) : null })) }),
  member: empty ? null : { place: "7", of: "812", xp: "18420", level: 31, into: "1420", step: "2600" },
  curve: ({ levels }) => { let sum = 0; return Array.from({ length: levels }, (_, n) => { const step = 5 * n * n + 50 * n + 100; sum += step; return { level: n + 1, step: String(step), sum: String(sum) }; }); },
  rewards: empty ? [] : [{ level: 5, role: "22" }, { level: 20, role: "21" }, { level: 50, role: "999" }],
  earning: { textMin: 15, textMax: 25, cooldownSecs: 60, voiceXp: 5, percent: 100 },
  outlook: {
    members: empty ? "0" : "31204", up: empty ? "0" : "28911", down: "0", roles: empty ? [] : [{ role: "22", given: "412", taken: "0" }, { role: "21", given: "37", taken: "9" }],
    most: empty ? [] : [1, 3, 4].map((n) => ({ person: person(n), xp: String(90_000 / n), from: String(40 - n), to: String(52 - n) })),
    replayed: empty ? null : { since: iso(NOW - 30 * DAY), earned: "1204300", wouldEarn: "2408600", up: "211", down: "198", most: [2, 5].map((n) => ({ person: person(n), xp: "4100", from: String(n * 11), to: String(n * 4) })), lacking: ["PLACES", "EARLIER"] },
  },
});

function guildOf(mode, asOf) {
  const empty = mode === "empty";
  const permissions = mode === "member" ? [] : ALL;
  const seq = /^#(\d+)$/.exec(asOf ?? "")?.[1];
  const scale = seq === undefined ? 1 : Number(seq) / HEAD;
  const settings = ["economy:Economy:MANAGE_ECONOMY", "moderation:Moderation:MANAGE_SETTINGS", "access:Roles and access:MANAGE_ACCESS", "commands:Commands:MANAGE_SETTINGS", "levels:Levels:MANAGE_SETTINGS"].map((line) => capability(...line.split(":"), asOf == null && mode !== "member"));
  const board = (first) => (empty ? [] : Array.from({ length: Math.min(first, 100) }, (_, i) => ({ place: i + 1, person: person(i + 1), amount: String(Math.round((91_400 / (i + 1.4)) * scale)) })));
  return {
    id: GUILD, name: "Ferris Café", iconUrl: null, memberCount: 48_213, permissions,
    roles: ["Admin", "Moderator", "Regular", "Newcomer"].map((name, i) => ({ id: String(20 + i), name, colour: null, position: 4 - i })),
    channels: CHANNELS,
    activity: activityOf(empty), levels: levelsOf(empty), exports: exportsOf(empty),
    asOf: asOf == null ? null : { seq: seq ?? "1200", at: iso(NOW - 5 * DAY), event: uuid(1200) },
    economy: {
      currency: "bytes", supply: empty ? "0" : String(Math.round(412_903 * scale)), holders: empty ? "0" : "812", board: ({ first }) => board(first),
      week: ({ weeksAgo, first }) => ({ week: iso(NOW - weeksAgo * 7 * DAY).slice(0, 10), lines: board(first) }),
      account: ({ user }) => (empty ? null : { person: person(Number(BigInt(user) - 100000000000000000n) || 1), balance: "64210", received: "12004", sent: "8812", earned: "61018" }),
      transactions: ({ first, after }) => page(empty ? 0 : 230, first, after, (i) => ({ seq: String(HEAD - i * 3), event: uuid(HEAD - i * 3), at: iso(NOW - i * 2_410_000), kind: ["transfer", "daily", "grant", "take", "spend"][i % 5], giver: i % 5 === 0 ? person((i % 11) + 1) : null, receiver: person((i % 7) + 2), amount: String(40 + ((i * 37) % 900)), reason: i % 4 === 0 ? "thanks for the help with the borrow checker" : null })),
      flow: () => Array.from({ length: 30 }, (_, d) => ["transfer", "daily"].map((kind, k) => ({ day: iso(NOW - (29 - d) * DAY).slice(0, 10), kind, count: String(40 + ((d * 7 + k * 13) % 30)), amount: String(3000 + ((d * 911 + k * 400) % 2200)) }))).flat(),
      supplyByDay: ({ days }) => (empty ? [] : Array.from({ length: days }, (_, d) => ({ day: iso(NOW - (days - 1 - d) * DAY).slice(0, 10), supply: String(Math.round(250_000 + d * 1750 + Math.sin(d / 4) * 9000)) }))),
    },
    moderation: moderationOf(mode),
    logs: ({ first, after }) => page(empty ? 0 : 130, first, after, logEntry),
    ...drawsOf({ empty, now: NOW, day: DAY, iso, person, page, roles: ["20", "21", "22", "23"] }),
    settings, settingsOf: ({ capability: name }) => settings.find((one) => one.name === name) ?? settings[0],
    modules: [["economy", "Economy", "Bytes, rewards, transfers and boards.", "ON"], ["moderation", "Moderation", "Warnings, cases, sanctions and appeals.", "ON"], ["giveaways", "Giveaways", "Draws that anybody can check.", "OFF"], ["tickets", "Tickets", "Questions to staff, in threads of their own.", "OFF_BY_OPERATOR"]].map(([name, title, about, state]) => ({ name, title, about, state })),
    permissionLines: ALL.map((permission, i) => ({ permission, name: permission, discord: i < 2 ? '"Manage Server"' : i === 2 ? '"Administrator"' : '"Timeout Members"', held: permissions.includes(permission) })),
    blocks: empty ? [] : [{ person: person(5), since: iso(NOW - 9 * DAY), until: null, reason: "spam by direct messages" }],
    keys: ({ everybodys }) => (empty ? [] : [["the website", 0, ["READ", "ECONOMY"], 2, 80], ["nightly report on my server at home", 0, ["READ", "RECORDS", "AUDIT"], null, 300], ...(everybodys ? [["Ben's bot", 3, ["READ"], 40, 12]] : [])].map(([name, who, scopes, used, days], i) => ({ id: `00000000-0000-4000-8000-00000000010${i}`, owner: person(who), name, scopes, madeAt: iso(NOW - (i + 5) * DAY), endsAt: iso(NOW + days * DAY), usedAt: used === null ? null : iso(NOW - used * 3_600_000) }))),
    webhooks: empty ? [] : [["our website", "hooks.example.org", ["ECONOMY", "GIVEAWAYS"], null], ["the bridge to our ticket system, which nobody remembers who runs", "bridge.a-rather-long-name-of-a-host.example.net:8443", ["MODERATION", "MEMBERS", "ACCESS", "SETTINGS", "LOGS"], "FAILING"], [null, null, ["LEVELS"], "ERASED"]].map(([name, host, kinds, off], i) => ({ id: `00000000-0000-4000-8000-00000000020${i}`, by: person(i), name, host, kinds, off, offSince: off === null ? null : iso(NOW - 7_200_000), madeAt: iso(NOW - (i + 3) * DAY) })),
    webhookDeliveries: empty ? [] : [["WAITING", 0, null, null, false], ["RETRYING", 7, null, "its receiver answered 500", false], ["DELIVERED", 1, 204, null, true], ["FAILED", 40, null, "it is of no use after 86400 s; at last its receiver did not answer within ten seconds", false], ["DROPPED", 0, null, null, false], ["DELIVERED", 1, 200, null, false]].map(([state, tries, status, error, trial], i) => ({ id: uuid(5000 + i), seq: String(HEAD - i * 7), trial, state, tries: String(tries), orderedAt: iso(NOW - i * 3_600_000), sentAt: tries === 0 ? null : iso(NOW - i * 3_500_000), nextAt: state === "RETRYING" ? iso(NOW + 1_800_000) : null, status, error })),
    visits: empty ? [] : [0, 1, 2].map((i) => ({ operator: person([7, 11, 9][i]), since: iso(NOW - i * 9 * DAY), until: iso(i === 0 ? Date.now() + 2_000_000 : NOW - i * 9 * DAY + 3_600_000), lasts: i === 0, isYours: mode === "operator", reason: i === 2 ? null : ["a member reports that bytes they were sent never arrived, ticket 4711", "asked for by the owner"][i] })),
    grants: empty ? [] : [["AUDITOR", 3, "the yearly audit"], ["MODERATOR", 4, "stands in while tobias is on holiday, which is longer than anybody thought it would be"], ["ANALYST", 5, null]].map(([role, n, reason], i) => ({ person: person(n), role, since: iso(NOW - DAY), until: iso(NOW + (i + 1) * 2 * DAY), by: i === 2 ? null : person(1), reason })),
    reads: ({ first, after, operators }) => page(empty ? 0 : 60, first, after, (i) => readLine(i, operators)),
    readsOfYours: ({ first, after }) => page(empty ? 0 : 12, first, after, (i) => ({ ...readLine(i * 7), ...[LOOKED[0], LOOKED[1], LOOKED[2], LOOKED[8]][i % 4], list: null, byOperator: i === 3, who: i % 4 === 1 ? null : person((i % 3) + 1) })),
    readsShown: empty ? "NOTHING" : "WHO",
    refusals: ({ first, after }) => page(empty ? 0 : 4, first, after, (i) => ({ seq: String(900 + i), at: iso(NOW - i * DAY), who: person(1), whom: person(4), what: "/send 9000", rule: "economy.not_enough" })),
    events: ({ first, after }) => page(empty ? 0 : HEAD, first, after, (i) => event(HEAD - i)),
    event: ({ id, seq }) => event(Number(seq ?? Number(id?.slice(-12) ?? 1))),
    eventCount: empty ? "0" : String(HEAD),
    timeline: ({ stretches }) => (empty ? [] : Array.from({ length: stretches }, (_, i) => { const step = HEAD / stretches; const first = Math.floor(i * step) + 1; const last = Math.floor((i + 1) * step); const from = NOW - (stretches - i) * DAY / 2; return { first: String(first), last: String(last), from: iso(from), to: iso(from + (0.05 + ((i * 37) % 23) / 24) * DAY * 0.5) }; })),
  };
}

const EXPORTS = [
  ["balances", "What every member has.", ["person", "person_user_id", "balance", "received", "sent", "earned", "erased"], null],
  ["transactions", "Every movement of bytes.", ["seq", "at", "kind", "giver", "giver_user_id", "receiver", "receiver_user_id", "amount", "reason", "event_id"], "at"],
  ["activity_hourly", "What went on in each hour.", ["hour", "messages", "replies", "attachments", "reactions", "joins", "leaves", "voice_seconds", "voice_counted_seconds", "commands", "commands_failed"], "hour"],
  ["cases", "Every case.", ["number", "at", "person", "person_user_id", "kind", "severity", "moderator", "moderator_user_id", "rule", "until", "standing", "status", "reason"], "at"],
  ["logs", "What was logged.", ["seq", "at", "kind", "person", "person_user_id", "channel"], "at"],
  ["a_list_of_tomorrow", "A list that is newer than this page, with a description that takes somewhat more room than the others do.", ["what"], null],
];
const exportsOf = (empty) => (empty ? [] : EXPORTS.map(([name, about, columns, when], i) => ({ name, about, columns, when, ofMembers: columns.includes("person"), filters: [], withoutTexts: i === 3 })));

const operations = (empty) => ({
  readModels: ["balances", "weekly_gains", "transactions", "refusals"].map((name, i) => ({ name, version: 2, build: i + 1, state: i === 3 ? "building" : "live", applied: "4217", lagEvents: i === 2 ? "310" : "0", lagSecs: i === 2 ? "95" : "0", percent: i === 3 ? 62 : 100, parkedGuilds: i === 1 ? "1" : "0", paused: null, updatedAt: iso(NOW) })),
  processes: [{ name: "awards", events: "4217", lagEvents: "0", parkedGuilds: "0", paused: null }],
  deadLetters: empty ? [] : [{ readModel: "weekly_gains", guild: GUILD, seq: "3991", event: uuid(3991), eventType: "economy.daily_awarded", errorId: "e-7F3K2", error: "the week of the event is before the first week", attempts: "4", at: iso(NOW) }],
  parkedGuilds: [],
  effects: empty ? [] : Array.from({ length: 14 }, (_, i) => ({ id: uuid(i), kind: ["give role", "send message", "time out member"][i % 3], process: "awards", guild: GUILD, state: ["waiting", "calling", "dead", "unknown"][i % 4], tries: String(i % 5), createdAt: iso(NOW - i * 60_000), nextAt: iso(NOW + 60_000), error: i % 4 === 2 ? "50013 Missing Permissions" : null })),
  effectCounts: { waiting: "4", calling: "1", unknown: "1", done: "1877", dead: "2", dropped: "0", oldestWaitingSecs: "42" },
  callers: empty ? [] : [["203.0.113.7", 5210, 2, 0], ["2001:db8:85a3::8a2e:370:7334", 41, 38, 0], ["198.51.100.23", 90211, 0, 417]].map(([address, requests, refused, tooMany], i) => ({ address, requests: String(requests), refused: String(refused), tooMany: String(tooMany), lastAt: iso(NOW - i * 400_000) })),
  maintenance: { on: false, notice: "Back in ten minutes." },
  cases: ({ first, after }) => page(empty ? 0 : 130, first, after, (i) => ({ ...modCase(58 - (i % 58)), guild: i % 3 === 0 ? "900000000000000002" : GUILD, guildName: i % 3 === 0 ? "Rust Reading Group" : i % 7 === 0 ? null : "Ferris Café", moderator: i % 6 === 5 ? null : person((i % 3) + 1) })),
});

function root(mode) {
  const empty = mode === "empty";
  const card = { ...guildOf(mode, null) };
  const done = { status: "DONE", refusal: null };
  const refusedBy = (rule, text) => ({ status: "REFUSED", refusal: { rule, text } });
  return {
    viewer: mode === "anonymous" ? null : mode === "byname" ? { userId: null, name: "ada", avatarUrl: null, isOperator: true, punished: [], guilds: [], sessions: [{ id: "s1", beganAt: iso(NOW - DAY), seenAt: iso(NOW), endsAt: iso(NOW + 6 * DAY), client: "Mozilla/5.0 (X11; Linux x86_64) Firefox/142.0", isThisOne: true }] } : { userId: "100000000000000001", name: "Mira", avatarUrl: null, isOperator: mode === "operator" || mode === "empty", punished: punished(empty), guilds: [card, { ...card, id: "900000000000000002", name: "Rust Reading Group", memberCount: 214, permissions: [] }], sessions: [{ id: "s1", beganAt: iso(NOW - DAY), seenAt: iso(NOW), endsAt: iso(NOW + 6 * DAY), client: "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0 Safari/537.36", isThisOne: true }, { id: "s2", beganAt: iso(NOW - 4 * DAY), seenAt: iso(NOW - DAY), endsAt: iso(NOW + 2 * DAY), client: "Mozilla/5.0 (iPhone; CPU iPhone OS) Safari/605", isThisOne: false }] },
    guild: ({ id, asOf }) => (/^9000000000000000\d\d$/.test(id) ? guildOf(mode, asOf) : null),
    operations: () => operations(empty),
    status: { log: true, lateReadModels: 0, maintenance: null, at: iso(Date.now()) },
    sessionRevoke: true,
    webhookCreate: () => ({ status: "DONE", refusal: null, id: "00000000-0000-4000-8000-000000000200", secret: `reevewh_${"5f".repeat(32)}` }),
    settingsChange: ({ input }) => (input.fields.some((one) => one.text === "13") ? { done: { status: "REFUSED", refusal: { rule: "settings.unlucky", text: "daily_amount: use another number than 13." } }, changes: [], settings: null } : { done, changes: [], settings: null }),
    settingsRevert: { done, changes: [], settings: null }, settingsReset: { done, changes: [], settings: null },
    moduleSwitch: ({ input }) => ({ done, state: input.on ? "ON" : "OFF" }),
    bytesGrant: ({ input }) => ({ done, amount: input.amount }), bytesTake: ({ input }) => ({ done, amount: input.amount }), bytesSend: ({ input }) => ({ done, amount: input.amount }),
    warn: ({ input }) => (input.user === "100000000000000003" ? { done: refusedBy("guard.rank", "Your highest role must be above theirs for this.") } : { done, number: 59, until: null, activeWarnings: 3, step: null }),
    punish: { done, number: 59, until: null }, memberNote: { done, number: 59 },
    caseReason: done, caseNote: done, caseEvidence: done, caseHide: done, caseResolve: done, caseLink: done, caseDuration: { done, until: null }, casePardon: { done, pardoned: "WARNING" },
    casesUndo: { done, cases: 17, left: "0" }, appealDecide: { done, pardoned: null }, appeal: ({ input }) => (input.text === "no" ? { done: refusedBy("case.appeal_open", "Your appeal is being looked at. Wait for the answer."), number: null } : { done, number: 1 }),
    block: done, unblock: done, grantGive: done, grantTake: done, visitEnd: done, visitBegin: ({ input }) => (input.reason.startsWith("nothing") ? { done: refusedBy("visits.already_inside", "You are let in here already."), until: null } : { done, until: iso(Date.now() + 3_600_000) }), readModelAsk: true, effectRetry: true, effectDrop: true, processRetry: "1",
    ...drawsRoot({ empty }),
    maintenanceSwitch: ({ input }) => ({ done, maintenance: { on: input.on, notice: input.notice ?? "" } }),
  };
}

async function answer(request, response, mode) {
  let body = "";
  for await (const part of request) body += part;
  const { query, variables, operationName } = JSON.parse(body);
  if (mode === "slow") return; // never answers
  response.setHeader("content-type", "application/json");
  const isViewer = /query Viewer\b/.test(query);
  if (mode === "broken" && !isViewer) return response.end(JSON.stringify({ data: null, errors: [{ message: "Something broke on our side. Try again; an operator finds it as e-7F3K2.", extensions: { code: "FAULT", errorId: "e-7F3K2" } }] }));
  response.end(JSON.stringify(await graphql({ schema, source: query, rootValue: root(mode), variableValues: variables, operationName })));
}

/** The form of operators: whose name is "locked" waits, whose is "ada" gets in with the code 123456, and "broken" breaks. */
async function operatorsForm(request, response) {
  let body = "";
  for await (const part of request) body += part;
  response.setHeader("content-type", "application/json");
  if (request.method === "GET") return response.end(JSON.stringify({ csrf: "form-token" }));
  const say = (status, code, more = {}) => response.writeHead(status, more).end(JSON.stringify({ errors: [{ message: code, extensions: { code, ...(status === 500 ? { errorId: "e-7F3K2" } : {}) } }] }));
  if (request.headers["x-csrf-token"] !== "form-token") return say(403, "CSRF");
  const { name, code } = JSON.parse(body);
  if (name === "locked") return say(429, "LOCKED", { "retry-after": "42" });
  if (name === "broken") return say(500, "FAULT");
  if (name !== "ada" || code !== "123456") return say(401, "WRONG");
  return response.writeHead(204, { "set-cookie": "standin=byname; Path=/" }).end();
}

export function serve(port = 0) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const mode = /standin=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "admin";
    response.setHeader("content-security-policy", CSP);
    if (pathname === "/graphql" && request.method !== "POST") return response.writeHead(426).end();
    if (pathname === "/auth/session") return response.setHeader("content-type", "application/json").end(JSON.stringify({ signedIn: mode !== "anonymous", csrf: "token", canSignIn: true }));
    if (pathname === "/auth/operator") return void operatorsForm(request, response);
    if (serveDraw(pathname, response)) return;
    if (pathname === "/graphql") return void answer(request, response, mode);
    if (/^\/api\/v1\/guilds\/\d+\/exports\/\w+$/.test(pathname)) {
      return response.writeHead(200, { "content-type": "text/csv" }).end("person,balance\r\n1,64210\r\n");
    }
    const file = normalize(join(DIST, pathname));
    const isFile = file.startsWith(DIST) && existsSync(file) && statSync(file).isFile();
    if (!isFile && extname(pathname) !== "") return response.writeHead(404).end();
    const served = isFile ? file : join(DIST, "index.html");
    response.setHeader("content-type", TYPES[extname(served)] ?? "application/octet-stream");
    createReadStream(served).pipe(response);
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = await serve(Number(process.argv[2] ?? 8090));
  console.log(`http://127.0.0.1:${server.address().port}`);
}
