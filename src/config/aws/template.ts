// User and group names of a mapping with placeholders in them, as aws-iam-authenticator's server fills them (pkg/server, renderTemplate).
// They are filled in one pass, so that what one value holds is never read as another placeholder.

import { suggest } from '../quote.ts';

/** What can be put into a name. */
export interface TemplateValues {
  readonly AccountID: string;
  /** The session's name with `-` for `@`; '' for those without a session. */
  readonly SessionName: string;
  /** The session's name as it is. */
  readonly SessionNameRaw: string;
  readonly AccessKeyID: string;
}

const NAMES: readonly string[] = [
  'AccountID',
  'SessionName',
  'SessionNameRaw',
  'AccessKeyID',
] satisfies readonly (keyof TemplateValues)[];
/** Asks EC2 for the name of the caller's machine: nodes have it, people don't. */
const NODE_NAME = '{{EC2PrivateDNSName}}';
const PLACEHOLDER = /\{\{(.*?)\}\}/g;

/** Whether the name depends on EC2, which Postern does not ask. */
export function needsEC2(template: string): boolean {
  return template.includes(NODE_NAME);
}

/** What is wrong with a template, as the end of a sentence about it; '' when nothing is. */
export function checkTemplate(template: string): string {
  for (const [whole, name = ''] of template.matchAll(PLACEHOLDER)) {
    if (whole === NODE_NAME || NAMES.includes(name)) continue;
    const allowed = NAMES.map((one) => `{{${one}}}`).join(', ');
    return `has the unknown placeholder ${JSON.stringify(whole)};${suggest(name, NAMES)} allowed: ${allowed}`;
  }
  return '';
}

/** Fills a template that was checked and does not need EC2. */
export function renderTemplate(template: string, values: TemplateValues): string {
  return template.replace(PLACEHOLDER, (whole, name: string) =>
    NAMES.includes(name) ? values[name as keyof TemplateValues] : whole,
  );
}
