// Label selectors as one line of text, the way apimachinery pkg/labels prints them: `app=web,tier in (a,b),!old`.

import { type Fields, fieldsOf, itemsOf, textOf, textsOf } from './fields.ts';

/** Equality pairs, sorted by key; '' for none. */
export function labelsText(labels: unknown): string {
  return pairs(fieldsOf(labels))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** A metav1.LabelSelector, sorted by key; '' for an empty one, undefined when an operator is none. */
export function selectorText(selector: unknown): string | undefined {
  const { matchLabels, matchExpressions } = fieldsOf(selector);
  const terms: { readonly key: string; readonly text: string }[] = [];
  for (const [key, value] of pairs(fieldsOf(matchLabels))) terms.push({ key, text: `${key}=${value}` });
  for (const expression of itemsOf(matchExpressions)) {
    const text = expressionText(expression);
    if (text === undefined) return undefined;
    terms.push({ key: textOf(expression['key']), text });
  }
  terms.sort((a, b) => order(a.key, b.key));
  return terms.map(({ text }) => text).join(',');
}

function expressionText(expression: Fields): string | undefined {
  const key = textOf(expression['key']);
  const values = textsOf(expression['values']).toSorted().join(',');
  switch (expression['operator']) {
    case 'In':
      return `${key} in (${values})`;
    case 'NotIn':
      return `${key} notin (${values})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return undefined;
  }
}

function pairs(labels: Fields): readonly (readonly [string, string])[] {
  return Object.entries(labels)
    .map(([key, value]) => [key, textOf(value)] as const)
    .sort(([a], [b]) => order(a, b));
}

function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
