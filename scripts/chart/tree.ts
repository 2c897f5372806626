// All values of the chart, in the order of values.yaml.

import { chartConfigSchema } from './configschema.ts';
import { configValue, gateValues } from './gate.ts';
import { networkValues } from './network.ts';
import { group, type ValueNode } from './node.ts';
import { placementValues, workloadValues } from './workload.ts';

/** The tree. */
export function chartValues(): ValueNode {
  return group('The values of the chart "postern".', {
    ...gateValues(configValue(chartConfigSchema())),
    ...networkValues,
    ...workloadValues,
    ...placementValues,
  });
}
