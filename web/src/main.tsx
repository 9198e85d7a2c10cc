/** The dashboard begins: language, colours, then the page. */
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { Provider } from "urql";
import { makeClient } from "./api/client";
import { learnSession } from "./api/csrf";
import { currentLanguage, onLanguage, preferredLanguage, speak } from "./i18n";
import { router } from "./routes/router";
import { SessionProvider } from "./session/session";
import { showTheme } from "./shell/theme";
import "./styles/tokens.css";
import "./styles/base.css";

const client = makeClient();

/** Another language draws everything anew; what was loaded stays. */
function Dashboard() {
  const language = useSyncExternalStore(onLanguage, currentLanguage);
  return (
    <Provider value={client}>
      <SessionProvider><RouterProvider key={language} router={router} /></SessionProvider>
    </Provider>
  );
}

showTheme();
await Promise.all([speak(preferredLanguage()), learnSession()]);
const place = document.getElementById("app");
if (place === null) throw new Error("index.html has no place for the dashboard");
createRoot(place).render(<StrictMode><Dashboard /></StrictMode>);
