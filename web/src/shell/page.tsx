/** A page: its name, what can be done on it, its content. */
import { useEffect, type ReactNode } from "react";

export function Page({ title, about, actions, children }: { title: string; about?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  useEffect(() => { document.title = `${title} · Reeve`; }, [title]);
  return (
    <main id="main" className="page" tabIndex={-1}>
      <div className="page-head">
        <div><h1>{title}</h1>{about !== undefined && <p className="muted">{about}</p>}</div>
        {actions !== undefined && <div className="row">{actions}</div>}
      </div>
      {children}
    </main>
  );
}
