// The board in Kubernetes: a ConfigMap for each replica's page and one for each order, in a namespace whose Roles say who may see and who may
// end. Clocks of replicas need not agree for the clean-up: a page is of a replica that is gone when its resourceVersion stood still for long
// enough as seen by whoever removes it, as in client-go's leader election.

import type { OperatorBoard, OrderHearer, ReplicaBoard } from './board.ts';
import type { ConfigMap, KubeApi } from './kubeapi.ts';
import { ORDER_LIFE_MS, readOrder, writeWish } from './order.ts';
import { type Page, unpackPage } from './page.ts';

/** The label of pages, and that of orders; their values mean nothing. */
export const PAGE_LABEL = 'postern.dev/sessions';
export const ORDER_LABEL = 'postern.dev/sessions-end';
/** A page that stood still for so long is removed. ms */
export const GONE_MS = 5 * 60_000;
const PAGE_KEY = 'page.json.gz';

/** A replica's side. `replica` is a DNS label of its own; `now` gives ms that only grow. */
export function createKubeReplicaBoard(api: KubeApi, replica: string, now: () => number): ReplicaBoard {
  const name = `postern-sessions-${replica}`;
  const pages = watchStandstill(now);
  const orders = watchStandstill(now);
  const sweep = async (label: string, seen: Standstill, afterMs: number) => {
    const { items } = await api.list(label, { metadataOnly: true });
    for (const { metadata } of seen.older(items, afterMs)) {
      const { uid = '', resourceVersion = '' } = metadata;
      if (metadata.name !== name) await api.remove(metadata.name, { uid, resourceVersion });
    }
  };
  return {
    publish: (packed) =>
      api.put({
        metadata: { name, labels: { [PAGE_LABEL]: 'page', 'app.kubernetes.io/managed-by': 'postern' } },
        binaryData: { [PAGE_KEY]: packed.toString('base64') },
      }),
    withdraw: () => api.remove(name),
    async follow(hearer, signal) {
      const { items, resourceVersion } = await api.list(ORDER_LABEL);
      hearer.onReached();
      for (const item of items) tell(item, hearer);
      await api.watch(ORDER_LABEL, resourceVersion, {
        signal,
        // What else there is (an ERROR, mostly 410) ends the watch, and all is listed again.
        onEvent: ({ type, object }) => {
          if (type === 'ADDED' || type === 'MODIFIED') tell(object, hearer);
        },
      });
    },
    async tidy() {
      await sweep(PAGE_LABEL, pages, GONE_MS);
      await sweep(ORDER_LABEL, orders, ORDER_LIFE_MS);
    },
    close: async () => {},
  };
}

/** An operator's side. */
export function createKubeOperatorBoard(api: KubeApi, close: () => Promise<void>): OperatorBoard {
  return {
    place: `namespace ${api.namespace}`,
    async pages() {
      const { items } = await api.list(PAGE_LABEL);
      const pages = await Promise.all(items.map(readItem));
      return pages.filter((page) => page !== undefined);
    },
    async give(wish) {
      const created = await api.create({
        metadata: { name: '', generateName: 'postern-sessions-end-', labels: { [ORDER_LABEL]: 'order' } },
        data: writeWish(wish),
      });
      return created.metadata.name;
    },
    takeBack: (order) => api.remove(order),
    whoAmI: () => api.whoAmI(),
    close,
  };
}

function readItem({ binaryData = {} }: ConfigMap): Promise<Page | undefined> {
  return unpackPage(Buffer.from(binaryData[PAGE_KEY] ?? '', 'base64'));
}

function tell({ metadata, data = {} }: ConfigMap, { onOrder, onMalformed }: OrderHearer): void {
  const order = readOrder(metadata.name, Date.parse(metadata.creationTimestamp ?? ''), data);
  if (typeof order === 'string') onMalformed(metadata.name, order);
  else onOrder(order);
}

interface Standstill {
  /** Those of the items that have stood still for so long. */
  older(items: readonly ConfigMap[], afterMs: number): readonly ConfigMap[];
}

function watchStandstill(now: () => number): Standstill {
  let seen = new Map<string, number>();
  return {
    older(items, afterMs) {
      const keyOf = ({ metadata }: ConfigMap) => `${metadata.uid}/${metadata.resourceVersion}`;
      seen = new Map(items.map((item) => [keyOf(item), seen.get(keyOf(item)) ?? now()]));
      return items.filter((item) => now() - (seen.get(keyOf(item)) ?? now()) >= afterMs);
    },
  };
}
