// The frame of every page: one document without script or anything from elsewhere, and the headers that hold it to that.

import { hash } from 'node:crypto';
import { type Html, html } from './html.ts';

const CSS = `
:root { color-scheme: light dark; --ink: #1c2430; --paper: #f6f5f1; --card: #fff; --line: #8a8f98; --accent: #1f5f4a; --bad: #a3231b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e6e0; --paper: #14181d; --card: #1e242b; --line: #7d858f; --accent: #7fd1b0; --bad: #ff9d92; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 44rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
header { border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; font-size: .9rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
a { color: var(--accent); }
code, pre, .code { font-family: ui-monospace, monospace; }
pre { overflow-x: auto; padding: .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .4rem; }
fieldset { border: 0; margin: 0; padding: 0; }
legend { font-weight: 600; padding: 0; margin-bottom: .5rem; }
.card { display: block; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .75rem 1rem; margin: .5rem 0; }
label.card { cursor: pointer; }
label.card:has(:checked) { outline: 2px solid var(--accent); }
.small { font-size: .9rem; }
.code { font-size: 2.2rem; letter-spacing: .2em; margin: .5rem 0; }
.field { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input:not([type=radio]) { font: inherit; width: 100%; max-width: 20rem; padding: .5rem; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--card); color: var(--ink); }
button { font: inherit; padding: .5rem 1rem; margin: 1rem .5rem 0 0; border: 1px solid var(--accent); border-radius: .4rem; cursor: pointer;
  background: var(--card); color: var(--accent); }
button.main { background: var(--accent); color: var(--paper); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.error { border-left: .3rem solid var(--bad); padding: .5rem 1rem; color: var(--bad); font-weight: 600; }
dt { font-weight: 600; margin-top: .75rem; } dd { margin-left: 0; }
`;

/**
 * Content Security Policy (level 3). Nothing but our own style is allowed; a form may lead to a client's loopback address, for browsers hold
 * form-action against the redirect after a form, too. script-src is empty so that oidc-provider may add the hash of the one script it has (it
 * submits a form, which has a button for those without script).
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  'script-src',
  `style-src 'sha256-${hash('sha256', CSS, 'base64')}'`,
  "form-action 'self' http://127.0.0.1:* http://localhost:*",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join(';');

/** Options of a page. */
export interface PageOptions {
  /** Seconds until the browser loads it again. */
  readonly refreshS?: number;
}

/** A whole document. `title` is its heading, too. */
export function page(title: string, body: Html, options: PageOptions = {}): string {
  const style: Html = { html: `<style>${CSS}</style>` };
  const refresh =
    options.refreshS !== undefined && html`<meta http-equiv="refresh" content="${options.refreshS}">`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refresh}<title>${title} · Postern demo</title>
${style}
</head>
<body>
<header><p>Postern demo: a practice identity provider on this machine. Nobody here is real.</p></header>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.html;
}

/** What went wrong with the form above it; assistive technology reads it at once. */
export function complaint(text: string | undefined): Html {
  return text === undefined ? html`` : html`<p class="error" role="alert">${text}</p>`;
}
