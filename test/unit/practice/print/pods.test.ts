import t from 'tap';
import { PODS } from '../../../../src/practice/print/pods.ts';
import { POD_CASES } from './podcases.ts';
import { POD_INIT_CASES } from './podinitcases.ts';
import { NOW } from './podparts.ts';

const NONE = ['<none>', '<none>', '<none>', '<none>'] as const;

for (const { title, pod, cells, wide } of [...POD_CASES, ...POD_INIT_CASES]) {
  t.test(`a pod ${title}`, async (t) => {
    t.same(PODS.cells(pod, Date.parse(NOW)), ['p', ...cells, '5s', ...(wide ?? NONE)]);
  });
}

t.test('the columns of pods, and which are wide', async (t) => {
  t.same(
    PODS.columns.map(({ name, priority }) => [name, priority]),
    [
      ['Name', 0],
      ['Ready', 0],
      ['Status', 0],
      ['Restarts', 0],
      ['Age', 0],
      ['IP', 1],
      ['Node', 1],
      ['Nominated Node', 1],
      ['Readiness Gates', 1],
    ],
  );
});

t.test('a pod that is over says so in a condition of its row, others have none', async (t) => {
  const told = (phase: string) =>
    PODS.conditions?.({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, status: { phase } });
  t.match(told('Succeeded'), [{ type: 'Completed', status: 'True', reason: 'Succeeded' }]);
  t.match(told('Failed'), [{ type: 'Completed', status: 'True', reason: 'Failed' }]);
  t.same(told('Running'), []);
});

t.test('a pod of nonsense prints without failing', async (t) => {
  const nonsense = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec: { containers: 'two', initContainers: [null, 7] },
    status: { phase: 1, containerStatuses: { a: 1 }, initContainerStatuses: [{}], conditions: 'none' },
  };
  t.same(PODS.cells(nonsense, 0).slice(0, 5), ['p', '0/0', 'Init:0/0', '0', '<unknown>']);
});
