// docs/reference/errors.md from the one table of errors. Prose around the table is here; everything about a code is in src/errortable.ts.

import { REASONS } from '../../src/errors.ts';
import { ERRORS, type ErrorEntry } from '../../src/errortable.ts';

/** The generated page: where it lies and what is in it. */
export const errorsReference: { readonly file: string; render(): string } = {
  file: 'docs/reference/errors.md',
  render() {
    const rows: [string, ErrorEntry][] = Object.entries(ERRORS);
    return [
      ...HEAD,
      ...rows.map(([code, { status, text, when, solve }]) => {
        const cells = [`\`${code}\``, status, REASONS[status], placeholders(text), when, solve];
        return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
      }),
      '',
    ].join('\n');
  },
};

const HEAD = [
  '<!-- Generated from src/errortable.ts by "npm run docs". Do not edit. -->',
  '',
  '# Errors that Postern makes',
  '',
  'Every error that Postern makes itself is a complete `kind: Status` document in JSON, for refused upgrades too; `code` is the HTTP status,',
  '`message` is the text below (kubectl prints it), and `details.causes[0].reason` is the stable code of the first column. Errors of the API',
  'server pass through as they are and are not listed here: they have no such cause.',
  '',
  '- A 401 carries `WWW-Authenticate: Bearer` and means that the credential is missing or bad. Everything else that keeps a known caller out',
  '  is 403, because client programs log in again after a 401.',
  '- `Retry-After` is sent with `SHUTTING_DOWN` only: client-go repeats writes, too, when it sees that header.',
  '- Texts of 5xx are constant; the cause is in the log, under the `Audit-ID` of the answer. `‹…›` stands for what comes from the request.',
  '',
  '| code | HTTP | reason | text | when | how to solve |',
  '|---|---|---|---|---|---|',
];

/** `{name|default}` as ‹name›: the page shows that something of the request stands there. */
function placeholders(text: string): string {
  return text.replace(/\{(\w+)\|[^}]*\}/g, '‹$1›');
}
