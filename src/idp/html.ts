// HTML that can't be injected into: what a template interpolates is escaped, unless it is itself a piece made by a template.

/** A finished piece of HTML. */
export interface Html {
  readonly html: string;
}

/** What may stand in a template: undefined and false print nothing. */
export type Interpolated = string | number | false | undefined | Html | readonly Html[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Template tag: html`<p title="${text}">${piece}</p>`. Attribute values have to stand in quotes. */
export function html(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Html {
  const parts = strings.map((text, index) => text + (index < values.length ? render(values[index]) : ''));
  return { html: parts.join('') };
}

function render(value: Interpolated): string {
  if (value === undefined || value === false) return '';
  if (typeof value === 'string' || typeof value === 'number') return escapeText(String(value));
  if ('html' in value) return value.html;
  return value.map((piece) => piece.html).join('');
}

function escapeText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => ESCAPES[char] ?? '');
}
