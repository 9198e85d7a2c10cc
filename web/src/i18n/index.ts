/** Words and numbers in the reader's language. The English sentence is the key of its translation. */
import { i18n } from "@lingui/core";
import { compileMessage } from "@lingui/message-utils/compileMessage";

export const LANGUAGES = { en: "English", de: "Deutsch" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT_UNDER = "reeve.language";

i18n.setMessagesCompiler(compileMessage);

function isLanguage(word: string): word is Language {
  return Object.hasOwn(LANGUAGES, word);
}

/** What the reader chose here, else the first language of the browser that we speak. */
export function preferredLanguage(): Language {
  const kept = localStorage.getItem(KEPT_UNDER);
  if (kept !== null && isLanguage(kept)) return kept;
  for (const tag of navigator.languages) {
    const word = tag.slice(0, 2);
    if (isLanguage(word)) return word;
  }
  return "en";
}

/** English needs no catalogue: it is what the code says. The other one is loaded when it is used. */
export async function speak(language: Language): Promise<void> {
  const messages = language === "de" ? (await import("./de.json")).default : {};
  i18n.load(language, messages);
  i18n.activate(language);
  document.documentElement.lang = language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(KEPT_UNDER, language);
  await speak(language);
}

export function currentLanguage(): Language {
  return isLanguage(i18n.locale) ? i18n.locale : "en";
}

export function t(sentence: string, values?: Record<string, string | number>): string {
  return i18n._(sentence, values);
}

/** Tells when the language changes; the answer stops telling. */
export function onLanguage(told: () => void): () => void {
  return i18n.on("change", told);
}
