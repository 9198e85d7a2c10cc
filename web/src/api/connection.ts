/** Whether news arrives, so that a page can say that what it shows may be old. */
export type Connection = "waiting" | "live" | "lost";

let state: Connection = "waiting";
let since = Date.now();
const listeners = new Set<() => void>();

function become(next: Connection) {
  if (state === next) return;
  state = next;
  since = Date.now();
  for (const told of listeners) told();
}

export function heard(): void { become("live"); }
export function lost(): void { become("lost"); }

export function connection(): Connection { return state; }
export function connectionSince(): number { return since; }

export function onConnection(told: () => void): () => void {
  listeners.add(told);
  return () => { listeners.delete(told); };
}
