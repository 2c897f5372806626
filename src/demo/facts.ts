// The gate's own log, read back: what the demo shows and counts is what the gate has written down, nothing else.

/** A request that is over, or an upgrade that was answered. */
export interface RequestFact {
  readonly event: 'request';
  readonly time: string;
  readonly auditID: string;
  /** '' when nobody was authenticated. */
  readonly user: string;
  readonly method: string;
  readonly target: string;
  readonly verb: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** spdy, websocket or ''. */
  readonly upgrade: string;
  readonly status: number;
  readonly durationMs: number;
  /** undefined: the API server gave no answer. */
  readonly upstreamMs: number | undefined;
  /** The gate's own refusal, e.g. CREDENTIALS_MISSING; '' when the API server answered. */
  readonly error: string;
}

/** A session that has ended. */
export interface SessionFact {
  readonly event: 'session';
  readonly time: string;
  readonly auditID: string;
  readonly user: string;
  readonly kind: string;
  readonly protocol: string;
  readonly target: string;
  readonly end: string;
  readonly durationMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** Anything else that the gate says: a configuration taken up or refused, a warning. */
export interface RemarkFact {
  readonly event: 'remark';
  readonly time: string;
  readonly level: string;
  readonly text: string;
}

export type Fact = RequestFact | SessionFact | RemarkFact;

/** What the gate says about itself and the demo has said already, or does not need to. */
const KNOWN = new Set(['serving', 'stopped', 'draining', 'drained']);

/** Reads one line of the gate's log; undefined when it tells nothing that the demo shows. */
export function readFact(line: string): Fact | undefined {
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : 0);
  const time = text('time');
  const level = text('level');
  // At debug stands, for one, kubectl's second attempt at what was refused: the same to a person.
  if (level === 'debug' || level === 'trace') return undefined;
  if (fields['msg'] === 'request') return readRequest(time, text, number, fields['upstreamMs']);
  if (fields['msg'] === 'session ended')
    return {
      event: 'session',
      time,
      auditID: text('auditID'),
      user: text('user'),
      kind: text('kind'),
      protocol: text('protocol'),
      target: text('target'),
      end: text('end'),
      durationMs: number('durationMs'),
      bytesUp: number('bytesUp'),
      bytesDown: number('bytesDown'),
    };
  if (KNOWN.has(text('msg'))) return undefined;
  return { event: 'remark', time, level, text: remark(fields) };
}

function readRequest(
  time: string,
  text: (name: string) => string,
  number: (name: string) => number,
  upstreamMs: unknown,
): RequestFact {
  return {
    event: 'request',
    time,
    auditID: text('auditID'),
    user: text('user'),
    method: text('method'),
    target: text('target'),
    verb: text('verb'),
    resource: text('resource'),
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
    upgrade: text('upgrade'),
    status: number('status'),
    durationMs: number('durationMs'),
    upstreamMs: typeof upstreamMs === 'number' ? upstreamMs : undefined,
    error: text('error'),
  };
}

function remark({ msg, level: _level, time: _time, ...rest }: Readonly<Record<string, unknown>>): string {
  const details = Object.entries(rest).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [String(msg), ...details].join('; ');
}
