import t from 'tap';
import { openEnvelope } from '../../../../src/practice/access/protobuf.ts';
import { decodeReview } from '../../../../src/practice/access/reviewbody.ts';

// What kubectl 1.35.2 sent for `auth can-i create pods/exec -n web`, `auth can-i get /practice/x`, `auth whoami` and `auth can-i --list -n web`.
const EXEC =
  '6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a656374416363657373526576696577123f0a100a0012001a0022002a0032003800420012210a1f0a0377656212066372656174651a0022002a04706f647332003a04657865631a08080012001a0020001a002200';
const PATH =
  '6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669657712320a100a0012001a0022002a00320038004200121412120a0b2f70726163746963652f7812036765741a08080012001a0020001a002200';
const WHOAMI =
  '6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a656374526576696577121a0a100a0012001a0022002a0032003800420012060a040a0012001a002200';
const LIST =
  '6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c665375626a65637452756c6573526576696577121f0a100a0012001a0022002a0032003800420012050a037765621a04180022001a002200';

t.test('the reviews of kubectl 1.35 are read as they would be in JSON', async (t) => {
  const facts: readonly (readonly [hex: string, kind: string, content: object])[] = [
    [
      EXEC,
      'SelfSubjectAccessReview',
      {
        spec: {
          resourceAttributes: { namespace: 'web', verb: 'create', resource: 'pods', name: 'exec' },
        },
      },
    ],
    [
      PATH,
      'SelfSubjectAccessReview',
      { spec: { nonResourceAttributes: { path: '/practice/x', verb: 'get' } } },
    ],
    [WHOAMI, 'SelfSubjectReview', {}],
    [LIST, 'SelfSubjectRulesReview', { spec: { namespace: 'web' } }],
  ];
  for (const [hex, kind, content] of facts) {
    const group = kind === 'SelfSubjectReview' ? 'authentication' : 'authorization';
    t.same(decodeReview(Buffer.from(hex, 'hex')), {
      apiVersion: `${group}.k8s.io/v1`,
      kind,
      metadata: {},
      ...content,
    });
  }
});

t.test('an envelope says what is in it, whether it can be read or not', async (t) => {
  const { apiVersion, kind } = openEnvelope(Buffer.from(EXEC, 'hex'));
  t.same([apiVersion, kind], ['authorization.k8s.io/v1', 'SelfSubjectAccessReview']);
  const pod = Buffer.concat([Buffer.from('k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12\x00', 'latin1')]);
  t.throws(() => decodeReview(pod), { code: 400, message: /^Pod of v1 cannot be read as protobuf here/ });
});

t.test(
  'a body that is cut off is refused, unless it is cut between two fields of the envelope',
  async (t) => {
    const whole = Buffer.from(EXEC, 'hex');
    const read: number[] = [];
    for (let length = 0; length < whole.length; length++) {
      try {
        decodeReview(whole.subarray(0, length));
        read.push(length);
      } catch (error) {
        t.match(error, { code: 400, reason: 'BadRequest' }, `${length} bytes`);
      }
    }
    t.same(read, [56, 121, 123], 'after typeMeta, raw and contentEncoding');
  },
);

t.test('bytes that are no protobuf are refused', async (t) => {
  const start = Buffer.from('k8s\0', 'latin1');
  const rest = ['', '\x0b', '\x0f', '\xff'.repeat(12), '\x0a\xff\xff\xff\xff\x7f', '\x09123', '\x0d12'];
  for (const one of rest) {
    const body = Buffer.concat([start, Buffer.from(one, 'latin1')]);
    t.throws(() => decodeReview(body), { code: 400, reason: 'BadRequest' }, JSON.stringify(one));
  }
  t.throws(() => decodeReview(Buffer.from('{"kind":"x"}')), { code: 400 });
});
