/** The frame of every page for somebody who is signed in: where they are, where they can go, and whether what they see is live. */
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";
import { connection, onConnection } from "../api/connection";
import { chooseLanguage, currentLanguage, LANGUAGES, t, type Language } from "../i18n";
import { number } from "../i18n/format";
import { useGuildCard } from "../session/guild";
import { signOut } from "../session/sign-out";
import { useViewer } from "../session/session";
import { Avatar } from "../ui/avatar";
import { Dot } from "../ui/badge";
import { IconButton } from "../ui/button";
import { useModal } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { GUILD_SECTIONS, operatorPages, visible } from "./navigation";
import type { PaletteEntry } from "./palette";
import { chooseTheme, currentScheme, onScheme } from "./theme";
import "./shell.css";

const Palette = lazy(() => import("./palette"));

type ShellProps = { guild?: string | undefined; at?: string | undefined; children: ReactNode };

export function Shell({ guild, at, children }: ShellProps) {
  const [menu, setMenu] = useState(false);
  const [palette, setPalette] = useState(false);
  const entries = usePaletteEntries(guild);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setPalette(true);
      }
    };
    addEventListener("keydown", onKey);
    return () => { removeEventListener("keydown", onKey); };
  }, []);

  return (
    <>
      <a className="skip" href="#main">{t("Skip to the content")}</a>
      <div className="shell">
        <Side guild={guild} at={at} />
        <div className="main">
          <header className="bar">
            <IconButton icon="menu" label={t("Menu")} className="bar-menu" onClick={() => { setMenu(true); }} />
            <button type="button" className="bar-search" aria-keyshortcuts="Control+K" onClick={() => { setPalette(true); }}>
              <Icon name="search" size={16} />
              <span className="grow cut">{t("Go to …")}</span>
              <kbd>Ctrl K</kbd>
            </button>
            <span className="grow" />
            {guild !== undefined && <LiveIndicator past={at !== undefined} />}
            <ThemeButton />
          </header>
          {children}
        </div>
      </div>
      {menu && <SideDrawer guild={guild} at={at} onClose={() => { setMenu(false); }} />}
      {palette && (
        <Suspense>
          <Palette entries={entries.known} typedEntries={entries.typed} onClose={() => { setPalette(false); }} />
        </Suspense>
      )}
    </>
  );
}

function SideDrawer({ guild, at, onClose }: { guild: string | undefined; at: string | undefined; onClose: () => void }) {
  const frame = useModal();
  return (
    <dialog ref={frame} className="side-drawer" aria-label={t("Menu")} onCancel={(event) => { event.preventDefault(); onClose(); }} onClick={(event) => {
      const target = event.target as HTMLElement;
      if (target === frame.current || target.closest("a") !== null) onClose();
    }}>
      <Side guild={guild} at={at} />
    </dialog>
  );
}

function Side({ guild, at }: { guild: string | undefined; at: string | undefined }) {
  const viewer = useViewer();
  const { card } = useGuildCard(guild ?? "");
  const sections = visible(GUILD_SECTIONS, card?.permissions ?? []);
  return (
    <nav className="side" aria-label={t("Pages")}>
      {card === undefined ? (
        <Link to="/" className="brand"><img src="/favicon.svg" alt="" width="28" height="28" />Reeve</Link>
      ) : (
        <Link to="/" className="guild-pick" title={t("Choose another community")}>
          <Avatar name={card.name} url={card.iconUrl} size={36} square />
          <span className="grow"><strong className="cut">{card.name}</strong><span className="small muted">{t("{count, plural, one {# member} other {# members}}", { count: card.memberCount })}</span></span>
          <Icon name="down" />
        </Link>
      )}
      <div className="side-nav">
        {card !== undefined && sections.map((section) => (
          <div key={section.title}>
            <h2 className="side-title">{t(section.title)}</h2>
            <ul>
              {section.pages.map((page) => (
                <li key={page.path}>
                  <Link to={`/g/$guild/${page.path}` as "/g/$guild/overview"} params={{ guild: card.id }} search={at === undefined ? {} : { at }} className="side-link" activeProps={{ className: "active" }} activeOptions={{ includeSearch: false }}>
                    <Icon name={page.icon} />{t(page.title)}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
        {operatorPages(viewer).length > 0 && (
          <div>
            <h2 className="side-title">{t("Operator")}</h2>
            <ul>
              {operatorPages(viewer).map((page) => (
                <li key={page.path}>
                  <Link to={`/ops/${page.path}` as "/ops/projections"} className="side-link" activeProps={{ className: "active" }} activeOptions={{ includeSearch: false }}><Icon name={page.icon} />{t(page.title)}</Link>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
      <div className="side-foot">
        <Link to="/me" className="person grow" title={t("Your account")}>
          <Avatar name={viewer.name} url={viewer.avatarUrl} />
          <span className="cut small">{viewer.name}</span>
        </Link>
        <LanguageButton />
        <IconButton icon="out" label={t("Sign out")} onClick={() => { void signOut(); }} />
      </div>
    </nav>
  );
}

function LanguageButton() {
  const others = (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== currentLanguage());
  return others.map((language) => (
    <button key={language} type="button" className="button button-icon small" lang={language} title={LANGUAGES[language]} aria-label={`${language.toUpperCase()}: ${LANGUAGES[language]}`} onClick={() => { void chooseLanguage(language); }}>
      {language.toUpperCase()}
    </button>
  ));
}

function ThemeButton() {
  const scheme = useSyncExternalStore(onScheme, currentScheme);
  const other = scheme === "dark" ? "light" : "dark";
  return <IconButton icon={scheme === "dark" ? "sun" : "moon"} label={scheme === "dark" ? t("Light colours") : t("Dark colours")} onClick={() => { chooseTheme(other); }} />;
}

function LiveIndicator({ past }: { past: boolean }) {
  const state = useSyncExternalStore(onConnection, connection);
  if (past) return <span className="live"><Dot tone="warn" />{t("The past")}</span>;
  if (state === "live") return <span className="live" role="status"><Dot tone="good" />{t("Live")}</span>;
  if (state === "lost") return <span className="live bad" role="status" title={t("What you see may be old. We try to connect again.")}><Dot tone="bad" />{t("Not live")}</span>;
  return <span className="live"><Dot />{t("Connecting …")}</span>;
}

/** What the palette knows, and what it makes of digits: `#12` is a place in the history, a long number a member. */
function usePaletteEntries(guild: string | undefined) {
  const viewer = useViewer();
  const { card } = useGuildCard(guild ?? "");
  const navigate = useNavigate();
  const go = (to: string) => () => { void navigate({ to }); };
  const known: PaletteEntry[] = [
    ...(card === undefined ? [] : visible(GUILD_SECTIONS, card.permissions).flatMap((section) => section.pages.map((page) => ({ key: page.path, title: t(page.title), section: t(section.title), icon: page.icon, go: go(`/g/${card.id}/${page.path}`) })))),
    ...operatorPages(viewer).map((page) => ({ key: `ops ${page.path}`, title: t(page.title), section: t("Operator"), icon: page.icon, go: go(`/ops/${page.path}`) })),
    ...viewer.guilds.map((one) => ({ key: `guild ${one.id}`, title: one.name, section: t("{count} members", { count: number(one.memberCount) }), icon: "people" as const, go: go(`/g/${one.id}/overview`) })),
    { key: "me", title: t("Your account"), section: t("You"), icon: "key", go: go("/me") },
    { key: "status", title: t("Status"), section: t("Installation"), icon: "pulse", go: go("/status") },
  ];
  const typed = (text: string): PaletteEntry[] => {
    if (card === undefined) return [];
    const place = /^#?(\d{1,12})$/.exec(text)?.[1];
    const member = /^(\d{15,20})$/.exec(text)?.[1];
    return [
      ...(place === undefined ? [] : [{ key: "typed place", title: t("Event #{place} in the history", { place }), section: t("Audit"), icon: "history" as const, go: () => { void navigate({ to: "/g/$guild/history", params: { guild: card.id }, search: { seq: place } }); } }]),
      ...(member === undefined ? [] : [{ key: "typed member", title: t("Member {member}", { member }), section: t("Members"), icon: "people" as const, go: go(`/g/${card.id}/members/${member}`) }]),
    ];
  };
  return { known, typed };
}
