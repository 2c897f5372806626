// deploy/grafana/*.json: the dashboards of scripts/grafana, as Grafana imports them.

import type { Dashboard } from '@grafana/schema';
import { health } from '../grafana/health.ts';
import { overview } from '../grafana/overview.ts';
import { sessions } from '../grafana/sessions.ts';

/** In the order in which a person should look at them. */
export const DASHBOARDS: readonly Dashboard[] = [overview, sessions, health];

/** The generated files: where each lies and what is in it. */
export const dashboardFiles: readonly { readonly file: string; render(): string }[] = DASHBOARDS.map(
  (one) => ({
    file: `deploy/grafana/${one.uid?.replace('postern-', '')}.json`,
    render: () => `${JSON.stringify(one, null, 2)}\n`,
  }),
);
