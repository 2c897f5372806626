import t from 'tap';
import { labelsText, selectorText } from '../../../../src/practice/print/selector.ts';

t.test('a selector reads as apimachinery pkg/labels prints it', async (t) => {
  const facts: readonly (readonly [selector: unknown, text: string | undefined])[] = [
    [undefined, ''],
    [{}, ''],
    [{ matchLabels: { b: '2', a: '1' } }, 'a=1,b=2'],
    [{ matchLabels: { a: '' } }, 'a='],
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['y', 'x'] }] }, 'a in (x,y)'],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] }, 'a notin (x)'],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }, 'a'],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, '!a'],
    [{ matchExpressions: [{ key: 'a', operator: 'Like', values: ['x'] }] }, undefined],
  ];
  for (const [selector, text] of facts) t.equal(selectorText(selector), text, JSON.stringify(selector));
});

t.test('labels read as equalities, sorted', async (t) => {
  t.equal(labelsText({ b: '2', a: '1' }), 'a=1,b=2');
  t.equal(labelsText(null), '');
});
