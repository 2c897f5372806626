import t from 'tap';
import { renderStatus, statusHeaders } from '../../../src/kube/status.ts';

// Byte for byte what kube-apiserver 1.36 writes for an unauthenticated request (protocol.md §7.1).
t.test('a Status has the keys and the order of kube-apiserver', async (t) => {
  t.equal(
    renderStatus({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' }).toString(),
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}',
  );
});

t.test('details stand before the code', async (t) => {
  t.equal(
    renderStatus({
      code: 503,
      reason: 'ServiceUnavailable',
      message: 'é',
      details: { retryAfterSeconds: 1 },
    }).toString(),
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"é","reason":"ServiceUnavailable",' +
      '"details":{"retryAfterSeconds":1},"code":503}',
  );
});

t.test('the headers are those of kube-apiserver, the length in bytes', async (t) => {
  t.same(statusHeaders(Buffer.from('é')), {
    'Content-Type': 'application/json',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache, private',
    'Content-Length': '2',
  });
});
