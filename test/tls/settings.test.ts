// listen.tls.minVersion and cipherSuites, by Kubernetes' names: what a running gate then takes and refuses, also after a reload, and what `postern check`
// says of names that are old, unknown or without effect.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runCheck } from '../../src/cli/check.ts';
import { DEFAULT_CIPHER_SUITES } from '../../src/config/ciphers.ts';
import { startTestGate } from '../fakes/gate.ts';
import { startUpstream } from '../fakes/upstream.ts';
import { ALERT, LENIENT, shakeHands } from './sclient.ts';
import { makeSelfSigned } from './selfsigned.ts';

const files = { certFile: 'tls.crt', keyFile: 'tls.key' };
const serving = await makeSelfSigned('RSA');
const upstream = await startUpstream();
const gate = await startTestGate({
  upstreams: [{ name: 'prod', upstream }],
  before: (dir) => {
    writeFileSync(join(dir, 'tls.crt'), serving.certPem);
    writeFileSync(join(dir, 'tls.key'), serving.keyPem);
  },
});
t.teardown(async () => {
  await gate.stop();
  await upstream.close();
});

const ALL = ['-cipher', `ALL:${LENIENT}`];
const { handshakeFailure, protocolVersion } = ALERT;

interface Setting {
  readonly tls: object;
  /** [s_client's options, the suite or the alert] */
  readonly callers: readonly (readonly [options: readonly string[], outcome: string | number])[];
}

const SETTINGS: readonly Setting[] = [
  {
    tls: { minVersion: 'VersionTLS13' },
    callers: [
      [['-tls1_2', ...ALL], protocolVersion],
      [['-tls1_3'], 'TLS_AES_128_GCM_SHA256'],
    ],
  },
  {
    tls: { minVersion: 'VersionTLS12', cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'] },
    callers: [
      [['-tls1_2', ...ALL], 'ECDHE-RSA-AES256-GCM-SHA384'],
      [['-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'], handshakeFailure],
      [['-tls1_3'], 'TLS_AES_128_GCM_SHA256'],
      [['-tls1_1', ...ALL], protocolVersion],
    ],
  },
  {
    // For a client that has nothing better, such as Windows Server 2012 with an RSA certificate.
    tls: { cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'] },
    callers: [
      [['-tls1_2', ...ALL], 'ECDHE-RSA-AES128-GCM-SHA256'],
      [['-tls1_2', '-cipher', `ECDHE-RSA-AES128-SHA:${LENIENT}`], 'ECDHE-RSA-AES128-SHA'],
      [['-tls1_2', '-cipher', `AES128-SHA:${LENIENT}`], handshakeFailure],
    ],
  },
  {
    tls: { cipherSuites: ['TLS_AES_256_GCM_SHA384', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] },
    callers: [
      [['-tls1_3'], 'TLS_AES_256_GCM_SHA384'],
      [['-tls1_3', '-ciphersuites', 'TLS_AES_128_GCM_SHA256'], handshakeFailure],
      [['-tls1_2', ...ALL], 'ECDHE-RSA-AES128-GCM-SHA256'],
    ],
  },
];

for (const { tls, callers } of SETTINGS)
  t.test(`${JSON.stringify(tls)}, taken up by a reload`, async (t) => {
    gate.writeConfig({ ...gate.config, listen: { address: '127.0.0.1:0', tls: { ...files, ...tls } } });
    t.equal(gate.gate.reload(), true);
    for (const [options, outcome] of callers) {
      const { suite, alert, text } = await shakeHands(gate.port, options);
      t.equal(suite || alert, outcome, `${options.join(' ')}\n${text}`);
    }
  });

/** The file's lines from 1, with one line of its own for each key. */
async function check(tls: readonly string[]): Promise<{ code: number; lines: readonly string[] }> {
  const file = join(gate.dir, 'checked.yaml');
  const rest = {
    ops: gate.config['ops'],
    clusters: gate.config['clusters'],
    authentication: gate.config['authentication'],
  };
  const head = ['apiVersion: postern.dev/v1', 'kind: GateConfiguration', 'listen:', '  tls:'];
  const body = ['    certFile: tls.crt', '    keyFile: tls.key', ...tls];
  const more = Object.entries(rest).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  writeFileSync(file, [...head, ...body, ...more, ''].join('\n'));
  let said = '';
  const stream = { write: (text: string) => (said += text) };
  const code = await runCheck(['--config', file], { stdout: stream, stderr: stream, env: {} });
  return { code, lines: said.split('\n').filter((line) => line.includes('listen.tls')) };
}

// [the keys, exit code, what is said of them]; the first of the keys is on line 7.
const CHECKED: readonly (readonly [keys: readonly string[], code: number, says: readonly RegExp[]])[] = [
  [['    minVersion: VersionTLS13'], 0, []],
  [[`    cipherSuites: [${DEFAULT_CIPHER_SUITES.join(', ')}]`], 0, []],
  [
    ['    minVersion: VersionTLS11'],
    1,
    [/checked\.yaml:7:17 listen\.tls\.minVersion: expected one of VersionTLS12, VersionTLS13/],
  ],
  [['    minVersion: TLSv1.2'], 1, [/checked\.yaml:7:17 listen\.tls\.minVersion: expected one of/]],
  [
    ['    cipherSuites:', '      - TLS_RSA_WITH_RC4_128_SHA'],
    1,
    [/checked\.yaml:8:9 .*unknown cipher suite "TLS_RSA_WITH_RC4_128_SHA"/],
  ],
  [['    cipherSuites: [TLS_RSA_WITH_3DES_EDE_CBC_SHA]'], 1, [/:7:20 .*unknown cipher suite/]],
  [['    cipherSuites: [ECDHE-RSA-AES128-GCM-SHA256]'], 1, [/:7:20 .*unknown cipher suite/]],
  [
    ['    cipherSuites:', '      - TLS_RSA_WITH_AES_128_GCM_SHA256'],
    0,
    [/checked\.yaml:8:9 .*TLS_RSA_WITH_AES_128_GCM_SHA256 is an insecure cipher suite; leave it out/],
  ],
  [
    ['    cipherSuites: [TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA]'],
    0,
    [/:7:20 .*TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA has no authenticated encryption \(CBC\)/],
  ],
  [
    ['    minVersion: VersionTLS13', '    cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]'],
    0,
    [/:8:20 .*has no effect with minVersion: VersionTLS13/],
  ],
];

for (const [keys, code, says] of CHECKED)
  t.test(
    `postern check: ${keys.map((key) => key.trim().slice(0, 60)).join(' ')} → ${says.length === 0 ? 'nothing' : says[0]}`,
    async (t) => {
      const checked = await check(keys);
      t.equal(checked.code, code);
      t.match(checked.lines, says);
      t.equal(checked.lines.length, says.length);
    },
  );

t.test('docs/explanation/tls.md lists what is offered by default', async (t) => {
  const page = readFileSync(new URL('../../docs/explanation/tls.md', import.meta.url), 'utf8');
  t.strictSame(
    [...page.matchAll(/^\| `(TLS_\w+)` \| 1\.[23] \|/gm)].map(([, name]) => name),
    DEFAULT_CIPHER_SUITES,
  );
});
