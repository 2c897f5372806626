// What a request asks of the API, in the API server's own terms: verb, group, namespace, resource, subresource, name. A port of
// k8s.io/apiserver pkg/endpoints/request RequestInfoFactory (prefixes api and apis, groupless api), with Go's query parsing and the
// field-selector grammar of apimachinery pkg/fields, so that what is decided here is what the API server will decide.

import type { Target } from './path.ts';

/** What is asked for. Strings are '' where a fact is absent; a non-resource request has only `path` and `verb` (lower-case method). */
export interface RequestInfo {
  readonly isResourceRequest: boolean;
  /** The percent-decoded path. */
  readonly path: string;
  /** get, list, watch, create, update, patch, delete, deletecollection, proxy; '' for a method the API has no verb for. */
  readonly verb: string;
  readonly apiPrefix: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** The path's segments from the resource on. */
  readonly parts: readonly string[];
  /** First raw value of the query parameter, for list, watch and deletecollection only. */
  readonly fieldSelector: string;
  readonly labelSelector: string;
}

/** The path cannot be read as a request: the API server answers such a path with 500. */
export interface RequestInfoError {
  readonly error: string;
}

/**
 * Derives the RequestInfo of a request. OPTIONS, CONNECT, TRACE and unknown methods on a resource give verb ''. One known difference: a
 * `labelSelector` that does not parse is not noticed here, so a `metadata.name` selector beside it still names the request; the API server
 * refuses such a request anyway.
 */
export function resolveRequestInfo(method: string, target: Target): RequestInfo | RequestInfoError {
  const segments = trimSlashes(target.path).split('/');
  const prefix = segments[0] ?? '';
  const grouped = prefix === 'apis';
  if ((prefix !== 'api' && !grouped) || segments.length < (grouped ? 4 : 3))
    return nonResource(method, target.path);

  const apiGroup = grouped ? (segments[1] ?? '') : '';
  const apiVersion = segments[grouped ? 2 : 1] ?? '';
  let parts = segments.slice(grouped ? 3 : 2);
  let verb = verbOfMethod(method);
  const verbInPath = parts[0] === 'proxy' || parts[0] === 'watch';
  if (verbInPath) {
    if (parts.length < 2)
      return { error: `the path ends after the verb "${parts[0]}" and names no resource` };
    verb = parts[0] ?? '';
    parts = parts.slice(1);
  }

  let namespace = '';
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1];
    if (parts[2] !== undefined && parts[2] !== 'status' && parts[2] !== 'finalize') parts = parts.slice(2);
  }
  let name = parts[1] ?? '';
  if (name === '' && verb === 'get') ({ verb, name } = listOrWatch(target.rawQuery));
  else if (name === '' && verb === 'delete') verb = 'deletecollection';

  const selects = !verbInPath && (verb === 'list' || verb === 'watch' || verb === 'deletecollection');
  return {
    isResourceRequest: true,
    path: target.path,
    verb,
    apiPrefix: prefix,
    apiGroup,
    apiVersion,
    namespace,
    resource: parts[0] ?? '',
    subresource: verb === 'proxy' ? '' : (parts[2] ?? ''),
    name,
    parts,
    fieldSelector: selects ? (queryValue(target.rawQuery, 'fieldSelector') ?? '') : '',
    labelSelector: selects ? (queryValue(target.rawQuery, 'labelSelector') ?? '') : '',
  };
}

/**
 * The first value of a query parameter, decoded (`+` is a space); undefined when there is none. As Go's url.ParseQuery: a pair that holds
 * `;` or an escape that is malformed is passed over.
 */
export function queryValue(rawQuery: string, name: string): string | undefined {
  if (rawQuery === '') return undefined;
  for (const pair of rawQuery.split('&')) {
    const equals = pair.indexOf('=');
    const key = equals === -1 ? pair : pair.slice(0, equals);
    if (pair === '' || pair.includes(';') || (key !== name && unescapeQuery(key) !== name)) continue;
    const value = unescapeQuery(equals === -1 ? '' : pair.slice(equals + 1));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** Every value of a query parameter in order, read in the same way. */
export function queryValues(rawQuery: string, name: string): readonly string[] {
  const values: string[] = [];
  for (const pair of rawQuery.split('&')) {
    const equals = pair.indexOf('=');
    const key = equals === -1 ? pair : pair.slice(0, equals);
    if (pair === '' || pair.includes(';') || (key !== name && unescapeQuery(key) !== name)) continue;
    const value = unescapeQuery(equals === -1 ? '' : pair.slice(equals + 1));
    if (value !== undefined) values.push(value);
  }
  return values;
}

/** The verb that the API has for a method; '' when it has none. */
export function verbOfMethod(method: string): string {
  return VERB_OF_METHOD.get(method) ?? '';
}

const VERB_OF_METHOD: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

function trimSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (start < end && path[start] === '/') start++;
  while (end > start && path[end - 1] === '/') end--;
  return path.slice(start, end);
}

function nonResource(method: string, path: string): RequestInfo {
  return {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    apiPrefix: '',
    apiGroup: '',
    apiVersion: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    parts: [],
    fieldSelector: '',
    labelSelector: '',
  };
}

/** What the API server takes for false (runtime.Convert_Slice_string_To_bool): with the folding of `u`, as strings.EqualFold, `ſ` is an s. */
const NO = /^(?:0|false)$/iu;
/** The same by strings.ToLower, where the rest of the query can't be decoded. */
const PLAIN_NO = /^(?:0|false)$/i;

/** A GET without a name: list or watch, and the name when a field selector asks for exactly one (metainternalversion.ListOptions). */
function listOrWatch(rawQuery: string): { verb: string; name: string } {
  const watch = queryValue(rawQuery, 'watch');
  const selector = queryValue(rawQuery, 'fieldSelector') ?? '';
  if (watch === undefined && selector === '') return { verb: 'list', name: '' };
  const isDecoded = ['limit', 'timeoutSeconds'].every((parameter) =>
    isInt64(queryValue(rawQuery, parameter)),
  );
  const name = isDecoded ? exactName(selector) : undefined;
  const no = name === undefined ? PLAIN_NO : NO;
  const verb = watch === undefined || no.test(watch) ? 'list' : 'watch';
  return { verb, name: name !== undefined && isPathSegmentName(name) ? name : '' };
}

function isInt64(text: string | undefined): boolean {
  if (text === undefined) return true;
  if (!/^[+-]?0*[0-9]{1,19}$/.test(text)) return false;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value;
}

function isPathSegmentName(name: string): boolean {
  return name !== '.' && name !== '..' && !name.includes('/') && !name.includes('%');
}

/** The value that a field selector demands of metadata.name; '' when it demands none, undefined when it cannot be parsed (fields.ParseSelector). */
function exactName(selector: string): string | undefined {
  let name: string | undefined;
  for (const term of splitTerms(selector).sort()) {
    if (term === '') continue;
    const operator = /!=|==|=/.exec(term);
    if (operator === null) return undefined;
    const value = unescapeValue(term.slice(operator.index + operator[0].length));
    if (value === undefined) return undefined;
    if (operator[0] !== '!=' && term.slice(0, operator.index) === 'metadata.name') name ??= value;
  }
  return name ?? '';
}

/** Splits at commas that no backslash stands before; the backslashes stay. */
function splitTerms(selector: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < selector.length; i++) {
    if (selector[i] === '\\') i++;
    else if (selector[i] === ',') {
      terms.push(selector.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(selector.slice(start));
  return terms;
}

/** Takes the backslashes off; undefined for an escape that is none and for a bare `,` or `=`. */
function unescapeValue(value: string): string | undefined {
  if (/[\\,=]/.test(value.replace(/\\[\\,=]/g, ''))) return undefined;
  return value.replace(/\\(.)/g, '$1');
}

/** application/x-www-form-urlencoded; undefined for a malformed escape. Bytes that are not UTF-8 become U+FFFD. */
function unescapeQuery(text: string): string | undefined {
  if (!text.includes('%')) return text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const spaced = text.replaceAll('+', ' ');
  return spaced.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'),
  );
}
