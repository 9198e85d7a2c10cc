/** Somebody's picture, or their initials on a colour of their own when there is none or it will not load. */
import { useState } from "react";
import "./avatar.css";

const HUES = 8;

function hue(seed: string): number {
  let sum = 0;
  for (const letter of seed) sum = Math.imul(sum ^ (letter.codePointAt(0) ?? 0), 0x9e3779b1) >>> 0;
  return (sum >>> 16) % HUES;
}

export function initials(name: string): string {
  const words = name.split(/[\s_\-.]+/).filter((word) => word !== "");
  const letters = words.length > 1 ? words.slice(0, 2).map((word) => Array.from(word)[0]) : Array.from(words[0] ?? "?").slice(0, 2);
  return letters.join("").toUpperCase();
}

export function Avatar({ name, url, size = 28, square = false }: { name: string; url?: string | null | undefined; size?: 22 | 28 | 36 | 64; square?: boolean }) {
  const [broken, setBroken] = useState<string | null>(null);
  const shape = `avatar avatar-${String(size)} ${square ? "avatar-square" : ""}`;
  if (url != null && url !== "" && broken !== url) {
    return <img className={shape} src={url} alt="" width={size} height={size} loading="lazy" referrerPolicy="no-referrer" onError={() => { setBroken(url); }} />;
  }
  return <span className={`${shape} hue-${String(hue(name))}`} aria-hidden="true">{initials(name)}</span>;
}
