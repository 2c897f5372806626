import fc from 'fast-check';
import t from 'tap';
import { Queue, type Queued } from '../../src/queue.ts';
import { holds } from '../properties.ts';

interface Item extends Queued<Item> {
  readonly n: number;
}

const item = (n: number): Item => ({ n, ahead: undefined, behind: undefined });

t.test('a queue is what an array would be, whoever leaves when', async () => {
  holds(
    fc.property(fc.array(fc.option(fc.nat(50), { nil: undefined })), (deeds) => {
      const queue = new Queue<Item>();
      const model: Item[] = [];
      deeds.forEach((leaves, n) => {
        const gone = leaves === undefined ? undefined : model[leaves % Math.max(1, model.length)];
        if (gone === undefined) {
          const one = item(n);
          queue.add(one);
          model.push(one);
        } else {
          queue.remove(gone);
          model.splice(model.indexOf(gone), 1);
          if (gone.ahead !== undefined || gone.behind !== undefined) throw new Error('it points somewhere');
        }
        const found = [...queue].map(({ n }) => n).join();
        if (
          found !== model.map(({ n }) => n).join() ||
          queue.size !== model.length ||
          queue.first !== model[0]
        )
          throw new Error(`${found} of ${queue.size}`);
      });
    }),
  );
});
