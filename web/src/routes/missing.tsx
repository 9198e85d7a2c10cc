/** An address that leads nowhere, and a page that broke. */
import { t } from "../i18n";
import { Button } from "../ui/button";
import { Empty, Trouble } from "../ui/notice";

export function Missing() {
  return (
    <main id="main" className="alone">
      <div className="alone-card"><h1 className="unseen">Reeve</h1><Empty icon="search" title={t("There is no such page")} action={<a className="button" href="/">{t("To your communities")}</a>}>{t("The address may be mistyped, or the page is gone.")}</Empty></div>
    </main>
  );
}

export function PageFault({ error }: { error: unknown }) {
  // A page whose code is gone was replaced by a newer version of the dashboard.
  const isStale = error instanceof TypeError && /import|module/i.test(error.message);
  return (
    <main id="main" className="page">
      <h1 className="unseen">Reeve</h1>
      <Trouble title={isStale ? t("There is a newer version of this page") : t("This page broke")} action={<Button look="main" icon="undo" onClick={() => { location.reload(); }}>{t("Load it anew")}</Button>}>
        {isStale ? t("It was updated while you had it open.") : t("That is our fault. Load it anew; if it stays broken, tell the operator what you did.")}
      </Trouble>
    </main>
  );
}
