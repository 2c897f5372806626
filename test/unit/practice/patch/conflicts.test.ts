import t from 'tap';
import { apply, manifest, ownedBy, updated, withSpec } from './applying.ts';
import { deployment, failureOf, withContainers } from './pieces.ts';

// Conflicts of server-side apply.

// Facts: apimachinery pkg/util/managedfields/internal/conflict.go; what kubectl prints.
t.test('one conflict', async (t) => {
  const live = updated(undefined, deployment({ replicas: 1 }), 'kubectl-client-side-apply');
  t.same(
    failureOf(() => apply(live, manifest({ replicas: 2 }))),
    {
      code: 409,
      reason: 'Conflict',
      message:
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl-client-side-apply" using apps/v1',
            field: '.spec.replicas',
          },
        ],
      },
    },
  );
});

t.test('conflicts with several managers', async (t) => {
  const first = apply(undefined, manifest(withContainers({ name: 'a', image: 'a:1', args: ['x'] })), {
    manager: 'two',
  });
  const live = updated(first, withSpec(first, { ...(first['spec'] as object), replicas: 1 }), 'hpa', {
    subresource: 'scale',
  });
  const failure = failureOf(() =>
    apply(live, manifest({ replicas: 2, ...withContainers({ name: 'a', image: 'a:2', args: ['y'] }) })),
  );
  t.equal(
    failure?.message,
    [
      'Apply failed with 3 conflicts: conflicts with "hpa" with subresource "scale" using apps/v1:',
      '- .spec.replicas',
      'conflicts with "two":',
      '- .spec.template.spec.containers[name="a"].args',
      '- .spec.template.spec.containers[name="a"].image',
    ].join('\n'),
  );
  t.equal(failure?.details?.causes?.length, 3);
});

t.test('the same value is no conflict: both own it', async (t) => {
  const live = apply(undefined, manifest({ replicas: 1 }), { manager: 'two' });
  const both = apply(live, manifest({ replicas: 1 }));
  t.same(Object.keys(ownedBy(both)).sort(), ['one Apply', 'two Apply']);
  t.equal(
    both.metadata.managedFields?.find(({ manager }) => manager === 'one')?.time,
    undefined,
    'nothing was changed, so there is no time',
  );
  t.equal(
    failureOf(() => apply(both, manifest({ replicas: 2 })))?.code,
    409,
    'and neither changes it without force',
  );
});

t.test('force takes ownership', async (t) => {
  const live = updated(undefined, deployment({ replicas: 1, paused: true }), 'editor');
  const taken = apply(live, manifest({ replicas: 2 }), { force: true });
  t.same(taken['spec'], { replicas: 2, paused: true });
  t.same(ownedBy(taken), {
    'one Apply': { 'f:spec': { 'f:replicas': {} } },
    'editor Update': { 'f:spec': { 'f:paused': {} } },
  });
});
