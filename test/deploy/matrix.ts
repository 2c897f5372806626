// What a platform team may want of the chart, a row each: the values, what they are for, and what must then be in the rendering. The same
// rows are linted, rendered by helm 3 and 4, held against `postern check`, and applied to a real API server without being kept.

import { GATE } from './matrix-gate.ts';
import { NETWORK } from './matrix-network.ts';
import { WORKLOAD } from './matrix-workload.ts';
import type { Row } from './rows.ts';

/** All rows. */
export const MATRIX: readonly Row[] = [...WORKLOAD, ...GATE, ...NETWORK];
