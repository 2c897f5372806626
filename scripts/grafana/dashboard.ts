// A dashboard around its panels: the layout in rows, the variables and the links that all of them have in common.

import {
  type Dashboard,
  DashboardCursorSync,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/schema';
import { type AnyPanel, DATASOURCE, DOCS_VARIABLE, type Panel } from './panels.ts';

/** Where the documentation is served when nobody says otherwise. */
export const DOCS_URL = 'https://postern.dev/docs';
/** The version of Grafana's JSON model that this is: what Grafana 11 writes, which later ones read and migrate. */
const SCHEMA_VERSION = 39;
const COLUMNS = 24;
const TAG = 'postern';
const ANY = '.*';

export interface DashboardFacts {
  /** Also the file's name. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
  /** More variables than all have. */
  readonly variables?: readonly Variable[];
}

export interface Row {
  readonly title: string;
  /** Of each panel, in units of Grafana's grid (30 px). */
  readonly height: number;
  /** They share the row's width evenly, `perLine` beside each other; default all. */
  readonly panels: readonly Panel[];
  readonly perLine?: number;
}

export type Variable = NonNullable<NonNullable<Dashboard['templating']>['list']>[number];

/** Lays out a dashboard. */
export function dashboard({ uid, title, description, rows, variables = [] }: DashboardFacts): Dashboard {
  return {
    uid,
    title,
    description,
    tags: [TAG],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: DashboardCursorSync.Crosshair,
    time: { from: 'now-6h', to: 'now' },
    refresh: '30s',
    timezone: 'browser',
    links: links(),
    templating: { list: [...commonVariables(), ...variables] },
    annotations: { list: [] },
    panels: layOut(rows),
  };
}

/** A variable whose values are those of a label. `allValue` is for labels that not every series has. */
export function labelVariable(name: string, label: string, query: string, allValue?: string): Variable {
  return {
    name,
    label,
    type: 'query',
    datasource: { ...DATASOURCE },
    query: { query, refId: `variable-${name}` },
    refresh: VariableRefresh.onTimeRangeChanged,
    sort: VariableSort.alphabeticalAsc,
    includeAll: true,
    multi: true,
    ...(allValue === undefined ? {} : { allValue }),
    current: { text: 'All', value: '$__all', selected: true },
    regex: '',
    hide: VariableHide.dontHide,
  };
}

function commonVariables(): Variable[] {
  return [
    {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      hide: VariableHide.dontHide,
    },
    labelVariable('job', 'Job', 'label_values(postern_build_info, job)'),
    // Outside Kubernetes there is no namespace.
    labelVariable('namespace', 'Namespace', 'label_values(postern_build_info{job=~"$job"}, namespace)', ANY),
    labelVariable(
      'cluster',
      'Cluster (API server)',
      'label_values(postern_requests_total{job=~"$job",namespace=~"$namespace"}, cluster)',
      // Requests for which none was chosen have an empty one.
      ANY,
    ),
    {
      name: DOCS_VARIABLE,
      label: 'Where the documentation is served',
      type: 'textbox',
      query: DOCS_URL,
      current: { text: DOCS_URL, value: DOCS_URL },
      hide: VariableHide.hideVariable,
    },
  ];
}

function links(): NonNullable<Dashboard['links']> {
  const common = {
    icon: 'external link',
    tooltip: '',
    includeVars: true,
    keepTime: true,
    targetBlank: false,
  };
  return [
    { ...common, title: 'Postern dashboards', type: 'dashboards', tags: [TAG], asDropdown: false, url: '' },
    {
      ...common,
      title: 'What the alerts mean',
      type: 'link',
      tags: [],
      asDropdown: false,
      targetBlank: true,
      includeVars: false,
      keepTime: false,
      url: `\${${DOCS_VARIABLE}}/operate/README.md`,
    },
  ];
}

function layOut(rows: readonly Row[]): AnyPanel[] {
  const placed: AnyPanel[] = [];
  let y = 0;
  let id = 1;
  for (const { title, height, panels, perLine = panels.length } of rows) {
    placed.push({
      type: 'row',
      id: id++,
      title,
      collapsed: false,
      panels: [],
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
    });
    const left = (column: number) => Math.floor((column * COLUMNS) / perLine);
    for (const [index, panel] of panels.entries()) {
      const line = Math.floor(index / perLine);
      const x = left(index % perLine);
      const w = left((index % perLine) + 1) - x;
      placed.push({ id: id++, ...panel, gridPos: { x, y: y + line * height, w, h: height } });
    }
    y += Math.ceil(panels.length / perLine) * height;
  }
  return placed;
}
