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
const ALL = ["MANAGE_ECONOMY", "MANAGE_SETTINGS", "MANAGE_ACCESS", "MANAGE_GIVEAWAYS", "MODERATE", "VIEW_RECORDS", "VIEW_AUDIT", "VIEW_ANALYTICS"];
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
    sentence, payload: { from: 1, to: 3, amount: "40", reason: { sealed: "AAECAwQ=" } }, correlation: uuid(seq - (seq % 5)), policy: 3, hash: "9f".repeat(32), sound: true,
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
  field("log_channel", "Log channel", "CHANNEL", "31"),
  field("role_rewards", "Role rewards", "LIST", "1000:21, 5000:22", { bounds: { most: 10 }, columns: [{ name: "bytes", kind: "AMOUNT", bounds: { min: "1", max: "1000000" }, choices: [] }, { name: "role", kind: "ROLE", bounds: {}, choices: [] }], isDefault: false, allowed: "use at most 10, each written as bytes:role" }),
];
const capability = (name, title, permission, can) => ({
  name, title, permission, canChange: can, version: name === "economy" ? 3 : 0, fields: economyFields,
  versions: ({ first, after }) => page(name === "economy" ? 3 : 0, first, after, (i) => ({ version: 3 - i, event: uuid(4000 - i), seq: String(4000 - i), at: iso(NOW - i * 3 * DAY), by: { kind: "PERSON", person: person(2), process: null }, changes: [{ name: "daily_amount", title: "Daily reward", before: String(100 + (2 - i) * 10), after: String(110 + (2 - i) * 10) }] })),
});

function guildOf(mode, asOf) {
  const empty = mode === "empty";
  const permissions = mode === "member" ? [] : ALL;
  const seq = /^#(\d+)$/.exec(asOf ?? "")?.[1];
  const scale = seq === undefined ? 1 : Number(seq) / HEAD;
  const settings = ["economy:Economy:MANAGE_ECONOMY", "moderation:Moderation:MANAGE_SETTINGS", "access:Roles and access:MANAGE_ACCESS", "commands:Commands:MANAGE_SETTINGS"].map((line) => capability(...line.split(":"), asOf == null && mode !== "member"));
  const board = (first) => (empty ? [] : Array.from({ length: Math.min(first, 100) }, (_, i) => ({ place: i + 1, person: person(i + 1), amount: String(Math.round((91_400 / (i + 1.4)) * scale)) })));
  return {
    id: GUILD, name: "Ferris Café", iconUrl: null, memberCount: 48_213, permissions,
    roles: ["Admin", "Moderator", "Regular", "Newcomer"].map((name, i) => ({ id: String(20 + i), name, colour: null, position: 4 - i })),
    channels: ["rules", "general", "bot-commands"].map((name, i) => ({ id: String(30 + i), name, kind: 0 })),
    asOf: asOf == null ? null : { seq: seq ?? "1200", at: iso(NOW - 5 * DAY), event: uuid(1200) },
    economy: {
      currency: "bytes", supply: empty ? "0" : String(Math.round(412_903 * scale)), holders: empty ? "0" : "812", board: ({ first }) => board(first),
      week: ({ weeksAgo, first }) => ({ week: iso(NOW - weeksAgo * 7 * DAY).slice(0, 10), lines: board(first) }),
      account: ({ user }) => (empty ? null : { person: person(Number(BigInt(user) - 100000000000000000n) || 1), balance: "64210", received: "12004", sent: "8812", earned: "61018" }),
      transactions: ({ first, after }) => page(empty ? 0 : 230, first, after, (i) => ({ seq: String(HEAD - i * 3), event: uuid(HEAD - i * 3), at: iso(NOW - i * 2_410_000), kind: ["transfer", "daily", "grant", "take", "spend"][i % 5], giver: i % 5 === 0 ? person((i % 11) + 1) : null, receiver: person((i % 7) + 2), amount: String(40 + ((i * 37) % 900)), reason: i % 4 === 0 ? "thanks for the help with the borrow checker" : null })),
      flow: () => Array.from({ length: 30 }, (_, d) => ["transfer", "daily"].map((kind, k) => ({ day: iso(NOW - (29 - d) * DAY).slice(0, 10), kind, count: String(40 + ((d * 7 + k * 13) % 30)), amount: String(3000 + ((d * 911 + k * 400) % 2200)) }))).flat(),
      supplyByDay: ({ days }) => (empty ? [] : Array.from({ length: days }, (_, d) => ({ day: iso(NOW - (days - 1 - d) * DAY).slice(0, 10), supply: String(Math.round(250_000 + d * 1750 + Math.sin(d / 4) * 9000)) }))),
    },
    ...drawsOf({ empty, now: NOW, day: DAY, iso, person, page, roles: ["20", "21", "22", "23"] }),
    settings, settingsOf: ({ capability: name }) => settings.find((one) => one.name === name) ?? settings[0],
    modules: [["economy", "Economy", "Bytes, rewards, transfers and boards.", "ON"], ["moderation", "Moderation", "Warnings, cases, sanctions and appeals.", "ON"], ["giveaways", "Giveaways", "Draws that anybody can check.", "OFF"], ["tickets", "Tickets", "Questions to staff, in threads of their own.", "OFF_BY_OPERATOR"]].map(([name, title, about, state]) => ({ name, title, about, state })),
    permissionLines: ALL.map((permission, i) => ({ permission, name: permission, discord: i < 2 ? '"Manage Server"' : i === 2 ? '"Administrator"' : '"Timeout Members"', held: permissions.includes(permission) })),
    blocks: empty ? [] : [{ person: person(5), since: iso(NOW - 9 * DAY), until: null, reason: "spam by direct messages" }],
    refusals: ({ first, after }) => page(empty ? 0 : 4, first, after, (i) => ({ seq: String(900 + i), at: iso(NOW - i * DAY), who: person(1), whom: person(4), what: "/send 9000", rule: "economy.not_enough" })),
    events: ({ first, after }) => page(empty ? 0 : HEAD, first, after, (i) => event(HEAD - i)),
    event: ({ id, seq }) => event(Number(seq ?? Number(id?.slice(-12) ?? 1))),
    eventCount: empty ? "0" : String(HEAD),
    timeline: ({ stretches }) => (empty ? [] : Array.from({ length: stretches }, (_, i) => { const step = HEAD / stretches; const first = Math.floor(i * step) + 1; const last = Math.floor((i + 1) * step); const from = NOW - (stretches - i) * DAY / 2; return { first: String(first), last: String(last), from: iso(from), to: iso(from + (0.05 + ((i * 37) % 23) / 24) * DAY * 0.5) }; })),
  };
}

const operations = (empty) => ({
  readModels: ["balances", "weekly_gains", "transactions", "refusals"].map((name, i) => ({ name, version: 2, build: i + 1, state: i === 3 ? "building" : "live", applied: "4217", lagEvents: i === 2 ? "310" : "0", lagSecs: i === 2 ? "95" : "0", percent: i === 3 ? 62 : 100, parkedGuilds: i === 1 ? "1" : "0", paused: null, updatedAt: iso(NOW) })),
  processes: [{ name: "awards", events: "4217", lagEvents: "0", parkedGuilds: "0", paused: null }],
  deadLetters: empty ? [] : [{ readModel: "weekly_gains", guild: GUILD, seq: "3991", event: uuid(3991), eventType: "economy.daily_awarded", errorId: "e-7F3K2", error: "the week of the event is before the first week", attempts: "4", at: iso(NOW) }],
  parkedGuilds: [],
  effects: empty ? [] : Array.from({ length: 14 }, (_, i) => ({ id: uuid(i), kind: ["give role", "send message", "time out member"][i % 3], process: "awards", guild: GUILD, state: ["waiting", "calling", "dead", "unknown"][i % 4], tries: String(i % 5), createdAt: iso(NOW - i * 60_000), nextAt: iso(NOW + 60_000), error: i % 4 === 2 ? "50013 Missing Permissions" : null })),
  effectCounts: { waiting: "4", calling: "1", unknown: "1", done: "1877", dead: "2", dropped: "0", oldestWaitingSecs: "42" },
  maintenance: { on: false, notice: "Back in ten minutes." },
});

function root(mode) {
  const empty = mode === "empty";
  const card = { ...guildOf(mode, null) };
  const done = { status: "DONE", refusal: null };
  return {
    viewer: mode === "anonymous" ? null : { userId: "100000000000000001", name: "Mira", avatarUrl: null, isOperator: mode === "operator" || mode === "empty", guilds: [card, { ...card, id: "900000000000000002", name: "Rust Reading Group", memberCount: 214, permissions: [] }], sessions: [{ id: "s1", beganAt: iso(NOW - DAY), seenAt: iso(NOW), endsAt: iso(NOW + 6 * DAY), client: "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0 Safari/537.36", isThisOne: true }, { id: "s2", beganAt: iso(NOW - 4 * DAY), seenAt: iso(NOW - DAY), endsAt: iso(NOW + 2 * DAY), client: "Mozilla/5.0 (iPhone; CPU iPhone OS) Safari/605", isThisOne: false }] },
    guild: ({ asOf }) => guildOf(mode, asOf),
    operations: () => operations(empty),
    status: { log: true, lateReadModels: 0, maintenance: null, at: iso(Date.now()) },
    sessionRevoke: true,
    settingsChange: ({ input }) => (input.fields.some((one) => one.text === "13") ? { done: { status: "REFUSED", refusal: { rule: "settings.unlucky", text: "daily_amount: use another number than 13." } }, changes: [], settings: null } : { done, changes: [], settings: null }),
    settingsRevert: { done, changes: [], settings: null }, settingsReset: { done, changes: [], settings: null },
    moduleSwitch: ({ input }) => ({ done, state: input.on ? "ON" : "OFF" }),
    bytesGrant: ({ input }) => ({ done, amount: input.amount }), bytesTake: ({ input }) => ({ done, amount: input.amount }), bytesSend: ({ input }) => ({ done, amount: input.amount }),
    block: done, unblock: done, readModelAsk: true, effectRetry: true, effectDrop: true, processRetry: "1",
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

export function serve(port = 0) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const mode = /standin=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "admin";
    response.setHeader("content-security-policy", CSP);
    if (pathname === "/graphql" && request.method !== "POST") return response.writeHead(426).end();
    if (pathname === "/auth/session") return response.setHeader("content-type", "application/json").end(JSON.stringify({ signedIn: mode !== "anonymous", csrf: "token", canSignIn: true }));
    if (serveDraw(pathname, response)) return;
    if (pathname === "/graphql") return void answer(request, response, mode);
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
