import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import t from 'tap';
import type { Machine } from '../../../../src/practice/machine/machine.ts';
import { logUntil, rig, sh } from './rig.ts';

// The web server inside a container, and connections to its port.

interface Page {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

function fetchPage(
  machine: Machine,
  path: string,
  method = 'GET',
  connection = machine.connect(8080),
): Promise<Page> {
  return new Promise((resolve, reject) => {
    if (connection === undefined) return reject(new Error('refused'));
    const asked = request({
      createConnection: () => connection,
      path,
      method,
      headers: { host: 'x', connection: 'close', 'user-agent': 'test' },
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      readText(response).then(
        (body) => resolve({ status: response.statusCode, headers: response.headers, body }),
        reject,
      );
    });
    asked.end();
  });
}

t.test('the web page inside', async (t) => {
  const { machine } = rig({ image: 'postern.dev/practice/web:1' });
  t.equal(await logUntil(machine, (log) => log !== ''), 'practice web server of web-0 answers on port 8080');
  t.equal(machine.connect(80), undefined, 'only there');
  const page = await fetchPage(machine, '/?q=1');
  t.equal(page.status, 200);
  t.match(page.headers, { server: 'postern-practice', 'content-type': 'text/html; charset=utf-8' });
  t.match(page.body, /Hello from web-0[\s\S]*10\.244\.0\.7[\s\S]*visitor number 1\b/);
  t.match((await fetchPage(machine, '/index.html')).body, /visitor number 2\b/);
  t.match(await fetchPage(machine, '/healthz'), { status: 200, body: 'ok\n' });
  t.match(await fetchPage(machine, '/nope'), { status: 404, body: '404: there is no nope here\n' });
  t.match(await fetchPage(machine, '/../../etc/passwd'), { status: 404 }, 'not above its directory');
  t.match(await fetchPage(machine, '/%2e%2e/%2e%2e/etc/hostname'), { status: 404 });
  t.match(await fetchPage(machine, '/%ff'), { status: 400 });
  t.match(await fetchPage(machine, '/', 'POST'), { status: 405, headers: { allow: 'GET, HEAD' } });
  const head = await fetchPage(machine, '/healthz', 'HEAD');
  t.match(head, { status: 200, body: '', headers: { 'content-length': '3' } });
  const log = machine.logLines().map((line) => line.text);
  t.match(log[1], /^2026-03-04T05:06:07\.089Z "GET \/\?q=1" 200 \d+ "test"$/);
  t.match(log[3], /"GET \/healthz" 200 3 "test"$/);

  await sh(machine, 'echo "mine: {{hostname}}" >/srv/www/a.html; echo "{{hostname}}" >/srv/www/a.txt');
  t.equal((await fetchPage(machine, '/a.html')).body, 'mine: web-0\n', 'files are what the shell sees');
  t.equal((await fetchPage(machine, '/a.txt')).body, '{{hostname}}\n');
  t.equal(
    (
      await sh(
        machine,
        'wget -qO- localhost:8080/healthz; curl -s http://10.244.0.7:8080/a.txt; curl -sI localhost:8080/healthz | head -n 1',
      )
    ).stdout,
    'ok\n{{hostname}}\nHTTP/1.1 200 OK\r\n',
  );
  t.match(await sh(machine, 'curl -sf localhost:8080/x; echo $?; wget localhost:9; web'), {
    stdout: '22\n',
    stderr: /Connection refused\nweb: bind: Address already in use/,
  });
  await machine.stop(0);
  t.equal(machine.connect(8080), undefined);
});

t.test('connections: keep-alive, rubbish, and the end of the machine', async (t) => {
  const { machine } = rig({ image: 'web' });
  await logUntil(machine, (log) => log !== '');
  const connection = machine.connect(8080);
  if (connection === undefined) throw new Error('refused');
  let seen = '';
  connection.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  const answers = (count: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (seen.split('HTTP/1.1 200 OK').length <= count || !seen.endsWith('ok\n')) return;
        connection.off('data', look);
        resolve();
      };
      connection.on('data', look);
      look();
    });
  connection.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await answers(1);
  connection.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await answers(2);
  const rubbish = machine.connect(8080);
  if (rubbish === undefined) throw new Error('refused');
  rubbish.write('\x16\x03\x01 this is TLS\r\n\r\n');
  t.match(await readText(rubbish), /^HTTP\/1\.1 400 Bad Request/);
  const closed = once(connection, 'close');
  await machine.stop(0);
  await closed;
  t.pass('an open connection is closed with the machine');
});
