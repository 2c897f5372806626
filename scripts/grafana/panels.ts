// Panels as Grafana has them, made from the few facts that differ: what is asked, in which unit, from where on it is bad, and what a person
// should do about it. The types are Grafana's own (@grafana/schema), so what it would not read does not compile.

import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  type Dashboard,
  GraphDrawStyle,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  PercentChangeColorMode,
  SortOrder,
  StackingMode,
  ThresholdsMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizOrientation,
} from '@grafana/schema';
import type { Options as StatOptions } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as SeriesFieldConfig,
  Options as SeriesOptions,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

export type AnyPanel = NonNullable<Dashboard['panels']>[number];
export type Panel = Exclude<AnyPanel, { type: 'row' }>;

/** Units of Grafana that the panels use. */
export type Unit = 'short' | 'reqps' | 'ops' | 'percentunit' | 's' | 'dtdurations' | 'bytes' | 'Bps';

/** What is asked, and what each series is called: a text with `{{label}}`. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** Where a value turns from one colour to the next; `bad: 'low'` where small values are the bad ones. */
export interface Limits {
  readonly warn?: number;
  readonly bad: number;
  readonly badSide?: 'high' | 'low';
}

export interface PanelFacts {
  readonly title: string;
  /** What it shows and what a person should do about it. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  readonly limits?: Limits;
  /** Names of alerts, whose pages are linked. */
  readonly alerts?: readonly string[];
  readonly stacked?: boolean;
  readonly max?: number;
}

/** Where the pages of docs/ are served; a variable of each dashboard, so that one place changes all links. */
export const DOCS_VARIABLE = 'docs';
/** The data source that the reader chooses. */
export const DATASOURCE = { type: 'prometheus', uid: `\${datasource}` } as const;

const GREEN = 'green';
const ORANGE = 'orange';
const RED = 'red';

/** One number, as it is now. Width and place are the layout's. */
export function stat(facts: PanelFacts): Panel {
  const options: StatOptions = {
    colorMode: BigValueColorMode.Value,
    graphMode: BigValueGraphMode.None,
    justifyMode: BigValueJustifyMode.Auto,
    orientation: VizOrientation.Auto,
    percentChangeColorMode: PercentChangeColorMode.Standard,
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    showPercentChange: false,
    textMode: BigValueTextMode.Auto,
    wideLayout: true,
  };
  return panel(facts, { type: 'stat', custom: {}, options: { ...options }, instant: true });
}

/** Values over time. */
export function series(facts: PanelFacts): Panel {
  const custom: Partial<SeriesFieldConfig> = {
    drawStyle: GraphDrawStyle.Line,
    fillOpacity: facts.stacked === true ? 30 : 8,
    lineWidth: 1,
    showPoints: VisibilityMode.Never,
    spanNulls: false,
    stacking: { mode: facts.stacked === true ? StackingMode.Normal : StackingMode.None, group: 'A' },
    ...(facts.limits === undefined ? {} : { thresholdsStyle: { mode: GraphThresholdsStyleMode.Dashed } }),
  };
  const options: SeriesOptions = {
    legend: {
      calcs: ['lastNotNull', 'max'],
      displayMode: LegendDisplayMode.Table,
      placement: 'bottom',
      showLegend: true,
    },
    tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
  };
  return panel(facts, { type: 'timeseries', custom, options: { ...options }, instant: false });
}

interface Kind {
  readonly type: 'stat' | 'timeseries';
  readonly custom: object;
  readonly options: Record<string, unknown>;
  readonly instant: boolean;
}

function panel(facts: PanelFacts, { type, custom, options, instant }: Kind): Panel {
  return {
    type,
    title: facts.title,
    description: facts.description,
    datasource: { ...DATASOURCE },
    fieldConfig: {
      defaults: {
        unit: facts.unit,
        custom: { ...custom },
        min: 0,
        ...(facts.max === undefined ? {} : { max: facts.max }),
        thresholds: { mode: ThresholdsMode.Absolute, steps: stepsOf(facts.limits) },
      },
      overrides: [],
    },
    ...(facts.alerts === undefined ? {} : { links: facts.alerts.map(alertLink) }),
    options,
    targets: facts.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: { ...DATASOURCE },
      expr,
      legendFormat: legend,
      editorMode: 'code',
      instant,
      range: !instant,
    })),
  };
}

function stepsOf(limits: Limits | undefined): { color: string; value: number | null }[] {
  if (limits === undefined) return [{ color: GREEN, value: null }];
  const { warn, bad, badSide = 'high' } = limits;
  if (badSide === 'low')
    return [
      { color: RED, value: null },
      ...(warn === undefined ? [] : [{ color: ORANGE, value: bad }]),
      { color: GREEN, value: warn ?? bad },
    ];
  return [
    { color: GREEN, value: null },
    ...(warn === undefined ? [] : [{ color: ORANGE, value: warn }]),
    { color: RED, value: bad },
  ];
}

function alertLink(name: string) {
  return {
    title: `What to do: ${name}`,
    type: 'link' as const,
    icon: 'doc',
    tooltip: '',
    url: `\${${DOCS_VARIABLE}}/operate/alerts/${name}.md`,
    targetBlank: true,
    asDropdown: false,
    tags: [],
    includeVars: false,
    keepTime: false,
  };
}
