import fc from 'fast-check';
import t from 'tap';
import type { KubeObject } from '../../../../src/practice/objects/object.ts';
import { holds } from '../../../properties.ts';
import { apply, manifest } from './applying.ts';
import { LATER, specsWith } from './pieces.ts';

// Server-side apply of any specs: what holds whatever was applied before.

// Containers are merged item by item: a list without any is nobody's, and would not come back.
const specs = specsWith({ minContainers: 1 });

t.test(
  'one manager alone: the object is what was applied last, and applying twice changes nothing',
  async (t) => {
    holds(
      fc.property(fc.array(specs, { minLength: 1, maxLength: 4 }), (history) => {
        let live: KubeObject | undefined;
        for (const spec of history) live = apply(live, manifest({ minReadySeconds: 1, ...spec }));
        t.same(live?.['spec'], { minReadySeconds: 1, ...history.at(-1) });
        if (live !== undefined)
          t.equal(apply(live, manifest({ minReadySeconds: 1, ...history.at(-1) }), { now: LATER }), live);
      }),
    );
  },
);

// Items of lists may have moved meanwhile.
function sortedSpec(object: KubeObject): string {
  const sorted = (_: string, value: unknown) =>
    Array.isArray(value) ? value.toSorted((left, right) => (left.name < right.name ? -1 : 1)) : value;
  const { template = {}, ...rest } = object['spec'] as { template?: object };
  return JSON.stringify([Object.entries(rest).sort(), template], sorted);
}

t.test(
  'two managers with force: what the last one says is so, and goes when it says it no more',
  async (t) => {
    holds(
      fc.property(specs, specs, (mine, theirs) => {
        const first = apply(undefined, manifest({ minReadySeconds: 1, ...mine }));
        const second = apply(first, manifest(theirs), { manager: 'two', force: true });
        t.equal(apply(second, manifest(theirs), { manager: 'two', now: LATER }), second, 'all of it is so');
        const back = apply(second, manifest({ minReadySeconds: 1, ...mine }), { force: true });
        t.equal(apply(back, manifest({ minReadySeconds: 1, ...mine }), { now: LATER }), back);
        const alone = apply(back, manifest({}), { manager: 'two' });
        t.same(sortedSpec(alone), sortedSpec(first), 'what only the other one had goes with it');
      }),
    );
  },
);
