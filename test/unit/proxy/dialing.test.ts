// A connection to an API server takes a descriptor: none is begun when the last ones are kept, and one that is begun is told of until it has its own.
import type { LookupFunction } from 'node:net';
import t, { type Test } from 'tap';
import { upstreamFailure } from '../../../src/proxy/failures.ts';
import { createUpstream, type Upstream } from '../../../src/proxy/upstream.ts';
import { eventually } from '../../fakes/sessions.ts';
import { startUpstream } from '../../fakes/upstream.ts';

const server = await startUpstream({});
t.teardown(() => server.close());

/** An upstream, and how many of its connections are begun without a descriptor. */
function dialing(t: Test, options: { isLeft?: boolean; lookup?: LookupFunction; port?: number } = {}) {
  const { isLeft = true, lookup, port = server.port } = options;
  let coming = 0;
  const target = {
    ...{ host: 'localhost', port, basePath: '', tlsServerName: '127.0.0.1' },
    ...{ caPem: server.ca.certPem, clientCertPem: '', clientKeyPem: '', token: '' },
  };
  const upstream: Upstream = createUpstream('one', target, {
    ...(lookup === undefined ? {} : { lookup }),
    descriptors: {
      mayConnect: () => isLeft,
      expect() {
        coming++;
        let isComing = true;
        return () => {
          if (isComing) coming--;
          isComing = false;
        };
      },
    },
  });
  t.teardown(() => upstream.close());
  return { upstream, coming: () => coming };
}

const loopback: LookupFunction = (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);

t.test('none left: neither an upgrade nor a request reaches anybody', async (t) => {
  const lookup: LookupFunction = () => t.fail('no name is looked up');
  const { upstream, coming } = dialing(t, { isLeft: false, lookup });
  await t.rejects(upstream.dial(), { code: 'EMFILE' });
  const failure = await new Promise<Error>((resolve) => {
    const onHead = () => t.fail('an answer');
    upstream.pool.send({ method: 'GET', path: '/version', lines: [], body: null }, {
      onHead,
      onBody: onHead,
      onEnd: onHead,
      onError: resolve,
    } as never);
  });
  t.match(failure, { code: 'EMFILE' });
  t.match(upstreamFailure(failure), { code: 'UPSTREAM_UNREACHABLE' }, 'it was not carried out');
  t.equal(coming(), 0);
  t.equal(server.received.length, 0);
});

t.test('it is told of while its name is looked up, and no more once it connects', async (t) => {
  let answer = () => {};
  const lookup: LookupFunction = (...asked) => {
    answer = () => loopback(...asked);
  };
  const { upstream, coming } = dialing(t, { lookup });
  const dialled = upstream.dial();
  await new Promise(setImmediate);
  t.equal(coming(), 1);
  answer();
  const socket = await dialled;
  t.equal(coming(), 0);
  socket.destroy();
});

t.test('one that never connects is not told of for ever', async (t) => {
  const failing: LookupFunction = (_name, _options, done) =>
    done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
  const { upstream, coming } = dialing(t, { lookup: failing });
  await t.rejects(upstream.dial(), { code: 'ENOTFOUND' });
  await eventually(() => coming() === 0);
});
