/** Dark or light: what was chosen here, else what the system says. */

export type Theme = "system" | "light" | "dark";

const KEPT_UNDER = "reeve.theme";
const SYSTEM = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

export function chosenTheme(): Theme {
  const kept = localStorage.getItem(KEPT_UNDER);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function showTheme(theme: Theme = chosenTheme()): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const told of listeners) told();
}

export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem(KEPT_UNDER);
  else localStorage.setItem(KEPT_UNDER, theme);
  showTheme(theme);
}

export function currentScheme(): "light" | "dark" {
  const chosen = chosenTheme();
  if (chosen !== "system") return chosen;
  return SYSTEM.matches ? "dark" : "light";
}

export function onScheme(told: () => void): () => void {
  listeners.add(told);
  SYSTEM.addEventListener("change", told);
  return () => {
    listeners.delete(told);
    SYSTEM.removeEventListener("change", told);
  };
}
