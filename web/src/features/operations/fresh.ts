/** Operator pages have no news to wait for: they look again every few seconds while they are in sight. */
import { useEffect } from "react";

const EVERY_MS = 4_000;

export function useFresh(again: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => { if (document.visibilityState === "visible") again(); }, EVERY_MS);
    return () => { clearInterval(timer); };
  }, [again]);
}
