// Kubernetes' named formats (apiserver pkg/cel/library/format.go): format.uuid().validate(x) is an optional list of what is wrong. Which texts
// are right is the same as there; the sentences are our own.

import type { Budget } from '../budget.ts';
import { fn, type Library, method } from '../declare.ts';
import { NONE, Opaque, Optional, TextList, type Value } from '../value.ts';
import { parseTimestamp } from './instants.ts';
import { URLValue } from './urls.ts';

const TYPE = 'kubernetes.NamedFormat';
const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_1035 = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

/** A format by its name. */
class FormatValue extends Opaque {
  readonly type = TYPE;
  readonly name: string;
  readonly accepts: (text: string) => boolean;

  constructor(name: string, accepts: (text: string) => boolean) {
    super();
    this.name = name;
    this.accepts = accepts;
  }

  isEqual(other: Opaque): boolean {
    return other instanceof FormatValue && other.name === this.name;
  }
}

/** What each format takes. */
const FORMATS: ReadonlyMap<string, FormatValue> = new Map(
  Object.entries({
    dns1123Label: isLabel,
    dns1123Subdomain: isSubdomain,
    dns1035Label: isLabel1035,
    qualifiedName: isQualifiedName,
    dns1123LabelPrefix: (text: string) => isLabel(maskDash(text)),
    dns1123SubdomainPrefix: (text: string) => isSubdomain(maskDash(text)),
    dns1035LabelPrefix: (text: string) => isLabel1035(maskDash(text)),
    labelValue: (text: string) => text === '' || (text.length <= MAX_LABEL && NAME.test(text)),
    uri: isURI,
    uuid: (text: string) => UUID.test(text),
    byte: (text: string) => BASE64.test(text),
    date: (text: string) => DATE.test(text) && parseTimestamp(`${text}T00:00:00Z`) !== undefined,
    datetime: (text: string) => parseTimestamp(text) !== undefined,
  }).map(([name, accepts]) => [name, new FormatValue(name, accepts)] as const),
);

export const formats: Library = [
  ...[...FORMATS].map(([name, format]) => fn(`format.${name}`, [], TYPE, () => format)),
  fn('format.named', ['string'], `optional(${TYPE})`, (_: Budget, name: string) => {
    const format = FORMATS.get(name);
    return format === undefined ? NONE : new Optional(format);
  }),
  method(
    'validate',
    [TYPE, 'string'],
    'optional(list(string))',
    (budget: Budget, format: FormatValue, text: string): Value => {
      budget.spendOn(text.length);
      return format.accepts(text)
        ? NONE
        : new Optional(TextList.of(`does not match the format ${format.name}`));
    },
  ),
];

function isLabel(text: string): boolean {
  return text.length <= MAX_LABEL && LABEL.test(text);
}

function isSubdomain(text: string): boolean {
  return text.length <= MAX_SUBDOMAIN && SUBDOMAIN.test(text);
}

function isLabel1035(text: string): boolean {
  return text.length <= MAX_LABEL && LABEL_1035.test(text);
}

/** `name`, or `example.com/name`. */
function isQualifiedName(text: string): boolean {
  const parts = text.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  return (
    parts.length <= 2 &&
    (prefix === undefined || isSubdomain(prefix)) &&
    name.length <= MAX_LABEL &&
    NAME.test(name)
  );
}

/** A prefix may end in a dash: something comes after it. */
function maskDash(text: string): string {
  return text.length > 1 && text.endsWith('-') ? `${text.slice(0, -2)}a` : text;
}

function isURI(text: string): boolean {
  try {
    return new URLValue(text).text === text;
  } catch {
    return false;
  }
}
