// Invented giveaways, codes, squads and tiers for the stand-in; the draw is a real one, of the vectors.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const BUNDLE = readFileSync(fileURLToPath(new URL("../../docs/draw-vectors/weighted.jsonl", import.meta.url)), "utf8");
const HEADER = JSON.parse(BUNDLE.slice(0, BUNDLE.indexOf("\n")));
export const GIVEAWAY = HEADER.giveaway;
const PRIZES = ["A month of Nitro", "Steam key: Factorio", "<img src=x onerror=alert(1)>", "A bench in the garden of this community, with a plaque that bears your name for as long as it stands there", "Hoodie, size of your choice"];
const STATES = ["OPEN", "PAUSED", "CLOSED", "DRAWN", "CANCELLED", "FAILED", "DRAWN"];
const STANDINGS = [["in", 1312], ["left", 41], ["previous_winner", 12], ["blocked", 3], ["won", 2], ["lapsed", 1], ["rerolled", 1], ["disqualified", 1]];

export function drawsOf({ empty, now, day, iso, person, page, roles }) {
  const giveaway = (i) => {
    const state = STATES[i % STATES.length];
    const drawn = state === "DRAWN";
    return {
      id: i === 3 ? GIVEAWAY : `00000000-0000-5000-8000-${String(i).padStart(12, "0")}`, prize: PRIZES[i % PRIZES.length], winnerCount: 2, state,
      madeAt: iso(now - (i + 1) * day), endsAt: iso(now + (state === "OPEN" ? 1 : -i) * day), channel: "31", message: "1310988612345678901", entries: String(1373 - i * 7),
      claimSecs: 300, maxRerolls: 3, requires: { allOf: [roles[2]], anyOf: [], noneOf: [roles[3]], level: 0, accountDays: 30, memberDays: 7 }, bonus: [{ role: roles[1], entries: 3 }],
      commitment: HEADER.commitment, root: drawn || state === "CLOSED" ? HEADER.root : null, drawnFrom: drawn ? HEADER.message : null, seed: drawn ? HEADER.seed : null,
    };
  };
  const picks = [[8, "prize", "claimed"], [2, "prize", "disqualified"], [10, "disqualification", "rerolled"], [3, "reroll", "lapsed"], [5, "lapse", "confirmed"]].map(([entry, why, state], k) => ({ k, entry, why, state, at: iso(now - 3_600_000), since: iso(now - (50 - k) * 60_000) }));
  const steps = [["created", null, null, null], ["posted", null, null, null], ["excluded", 4, "left", null], ["closed", null, null, "1373"], ["draw_begun", null, null, null], ["drawn", 8, "prize", "0"], ["confirmed", 8, null, null], ["claimed", 8, null, null], ["disqualified", 2, "left_server", null], ["drawn", 10, "disqualification", "2"], ["rerolled", 10, null, null], ["drawn", 3, "reroll", "3"], ["lapsed", 3, null, null]];
  const campaigns = [["Welcome week", { bytes: "250", role: null, days: null }, 1, 812, 1000, false], ["Conference 2026", { bytes: null, role: roles[2], days: 30 }, 120, 120, 120, false], ["<b>Spring</b> with a name that goes on for quite a while indeed", { bytes: null, role: roles[1], days: null }, 40, 3, null, true]];
  const squads = [["Red", "For those who like it warm", true, 214], ["Blue", "", true, 187], ["The Night Watch of the Northern Gate", "They do not sleep, and this description is a long one that says so at length", false, 9]];
  const tiers = [["Gold", 50, 31], ["Silver", 10, 204], ["Friend of the house", 0, 3]];
  return {
    giveaways: {
      list: ({ states, first, after }) => {
        const all = empty ? [] : Array.from({ length: 70 }, (_, i) => giveaway(i)).filter((one) => states == null || states.length === 0 || states.includes(one.state));
        return page(all.length, first, after, (i) => all[i]);
      },
      one: ({ id }) => (empty ? null : giveaway(id === GIVEAWAY ? 3 : Number(id.slice(-12)) || 0)),
      winners: () => (empty ? [] : picks.map((pick, i) => ({ ...pick, person: person(i + 2) }))),
      standings: () => (empty ? [] : STANDINGS.map(([standing, count]) => ({ standing, count: String(count) }))),
      entrants: ({ standing, first, after }) => page(empty ? 0 : 240, first, after, (i) => ({ entry: i + 1, person: i % 30 === 8 ? null : person(i + 1), weight: 1 + (i % 4), standing: standing ?? STANDINGS[i % 9 === 0 ? i % STANDINGS.length : 0][0], at: iso(now - 5 * day + i * 60_000) })),
      timeline: ({ first, after }) => page(empty ? 0 : steps.length, first, after, (i) => ({ seq: String(4000 + i), at: iso(now - (steps.length - i) * 600_000), what: steps[i][0], entry: steps[i][1], why: steps[i][2], number: steps[i][3], person: steps[i][1] === null ? null : person(steps[i][1]), by: ["created", "rerolled"].includes(steps[i][0]) ? person(2) : null, reason: steps[i][0] === "rerolled" ? "asked for it to go to somebody else <script>" : null })),
      templates: empty ? [] : [{ name: "weekly", winners: 3, durationSecs: 604800, claimSecs: 300, accountDays: 30, memberDays: 7, roles: [{ needs: "all", role: "21", entries: 0 }, { needs: "bonus", role: "22", entries: 3 }] }],
      receipt: ({ id }) => (empty || id !== GIVEAWAY ? null : { entry: 5, number: 1, weight: 4, salt: "ab".repeat(32), tag: "cd".repeat(32) }),
      entriesOf: () => (empty ? [] : [0, 3, 4].map((i) => ({ giveaway: giveaway(i), entry: 17 + i, weight: 1, standing: ["in", "won", "left"][i % 3], at: iso(now - i * day) }))),
    },
    codes: {
      on: true,
      campaigns: ({ first, after }) => page(empty ? 0 : campaigns.length, first, after, (i) => ({ id: `00000000-0000-5000-9000-${String(i).padStart(12, "0")}`, seq: String(900 - i), name: campaigns[i][0], madeAt: iso(now - i * 9 * day), creator: person(i + 2), reward: campaigns[i][1], codes: campaigns[i][2], uses: campaigns[i][3], usesMost: campaigns[i][4], usesPerCode: i === 1 ? 1 : null, usesPerMember: 1, delivered: campaigns[i][3] - i, failed: i, starts: null, ends: i === 0 ? iso(now + 12 * day) : null, onlyFor: i === 0 ? [roles[1], roles[2]] : [], revoked: campaigns[i][5] })),
      campaign: null,
      uses: ({ first, after }) => page(empty ? 0 : 130, first, after, (i) => ({ number: 130 - i, person: person((i % 11) + 1), at: iso(now - i * 7_000_000), state: i === 0 ? "under_way" : i % 17 === 5 ? "member_gone" : "delivered" })),
    },
    squads: {
      switchCost: "50", minimumBalance: "20",
      list: empty ? [] : squads.map(([name, description, active, members], i) => ({ id: i + 1, name, description, role: roles[i], active, members: String(members) })),
      members: ({ first, after }) => page(empty ? 0 : 87, first, after, (i) => ({ person: person(i + 1), since: iso(now - i * day) })),
      of: () => (empty ? null : { since: iso(now - 40 * day), squad: { id: 1, name: "Red", description: "", role: roles[0], active: true, members: "214" } }),
    },
    tiers: {
      list: empty ? [] : tiers.map(([name, bonus, holders], i) => ({ role: roles[i + 1], name, dailyBonus: String(bonus), holders: String(holders) })),
      holders: ({ first, after }) => page(empty ? 0 : 31, first, after, (i) => ({ place: i + 1, person: person(i + 1), until: iso(now + (i + 2) * day) })),
      of: () => (empty ? [] : [{ role: roles[1], name: "Gold", until: iso(now + 21 * day) }]),
    },
  };
}

/** What is public of the one draw, and what can be done. */
export function drawsRoot({ empty }) {
  const done = { status: "DONE", refusal: null };
  const made = { done, id: GIVEAWAY };
  return {
    draw: ({ giveaway }) => (empty || giveaway !== GIVEAWAY ? null : { id: GIVEAWAY, state: "DRAWN", winnerCount: HEADER.winners, entries: "9", commitment: HEADER.commitment, root: HEADER.root, message: HEADER.message, seed: HEADER.seed, picks: [8, 2, 10, 3, 5].map((entry, k) => ({ k, entry, why: k < 2 ? "prize" : "reroll", at: "2026-11-21T12:00:00Z", state: ["claimed", "disqualified", "rerolled", "lapsed", "confirmed"][k], since: "2026-11-21T12:00:00Z" })) }),
    giveawayCreate: ({ input }) => (input.prize === "nothing" ? { done: { status: "REFUSED", refusal: { rule: "giveaway.end_invalid", text: "Choose an end from 10 seconds to 365 days from now." } }, id: null } : made),
    giveawayEdit: made, giveawayPause: made, giveawayResume: made, giveawayEnd: made, giveawayCancel: made, giveawayReroll: made,
    campaignCreate: ({ input }) => ({ done, id: GIVEAWAY, codes: Array.from({ length: input.count ?? 1 }, (_, i) => input.code ?? `7KQ2-M9XD-${String(1000 + i)}`) }),
    campaignLimit: done, campaignRevoke: done, codeRevoke: done,
    squadCreate: ({ input }) => (input.name === "Red" ? { status: "REFUSED", refusal: { rule: "squads.name_taken", text: "Another squad has this name." } } : done),
    squadEdit: done, squadDelete: done, tierSet: done, tierRemove: done, tierGive: { done, until: "2026-12-21T12:00:00Z" }, tierTake: done,
  };
}

/** The files of giveaways; whether the address was one of them. */
export function serveDraw(pathname, response) {
  if (pathname !== `/p/giveaway/${GIVEAWAY}/draw.jsonl`) return false;
  response.setHeader("content-type", "application/jsonl").end(BUNDLE);
  return true;
}
