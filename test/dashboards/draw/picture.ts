// A dashboard as one SVG, from the answers of Prometheus: the panels where the dashboard has them. It shows what the queries say, and is no
// picture of Grafana.

import type { Dashboard } from '@grafana/schema';
import type { Unit } from '../../../scripts/grafana/panels.ts';
import type { Prometheus, Range, Series } from '../prometheus.ts';
import { substitute, type Values } from '../substitute.ts';
import { type Box, type Chart, drawLines, drawNumber, escapeText, type Line } from './chart.ts';

const WIDTH = 1200;
const HEAD = 62;
const COLUMN = WIDTH / 24;
/** Of one unit of Grafana's grid. px */
const UNIT = 27;
const GAP = 6;
const COLORS: Readonly<Record<string, string>> = { green: '#2f8f57', orange: '#d9822b', red: '#c7453b' };

const STYLE = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:#1f2933}',
  '.head{font-size:20px;font-weight:600}.note{font-size:12px;fill:#5b6b7a}',
  '.row{font-size:14px;font-weight:600}.title{font-size:12.5px;font-weight:600}',
  '.axis{font-size:10px;fill:#5b6b7a}.end{text-anchor:end}.middle{text-anchor:middle}',
  '.legend{font-size:10.5px}.number{font-size:26px;font-weight:600;text-anchor:middle}',
  '.panel{fill:#fff;stroke:#d5dae0}.grid{stroke:#eceff2}.line{fill:none;stroke-width:1.4}',
].join('');

export interface Sitting {
  readonly prometheus: Prometheus;
  readonly values: Values;
  readonly range: Range;
  /** Said below the title. */
  readonly note: string;
}

/** Asks every query and draws the answers. */
export async function drawDashboard({ title, panels = [] }: Dashboard, sitting: Sitting): Promise<string> {
  const parts: string[] = [];
  let bottom = 0;
  for (const panel of panels) {
    const { gridPos = { x: 0, y: 0, w: 24, h: 1 } } = panel;
    const box: Box = {
      x: gridPos.x * COLUMN + GAP / 2,
      y: HEAD + gridPos.y * UNIT + GAP / 2,
      width: gridPos.w * COLUMN - GAP,
      height: gridPos.h * UNIT - GAP,
    };
    bottom = Math.max(bottom, box.y + box.height);
    if (panel.type === 'row')
      parts.push(
        `<text x="${box.x + 4}" y="${box.y + 16}" class="row">${escapeText(panel.title ?? '')}</text>`,
      );
    else parts.push(await drawPanel(panel as Panel, box, sitting));
  }
  const height = Math.ceil(bottom + GAP);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}">`,
    `<style>${STYLE}</style><rect width="${WIDTH}" height="${height}" fill="#f6f8fa"/>`,
    `<text x="10" y="28" class="head">${escapeText(title ?? '')}</text><text x="10" y="48" class="note">${escapeText(sitting.note)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

type Panel = Exclude<NonNullable<Dashboard['panels']>[number], { type: 'row' }>;

async function drawPanel(panel: Panel, box: Box, { prometheus, values, range }: Sitting): Promise<string> {
  const lines: Line[] = [];
  for (const { expr, legendFormat } of (panel.targets ?? []) as { expr: string; legendFormat: string }[]) {
    const asked = substitute(expr, values, range.step);
    const answer =
      panel.type === 'stat'
        ? await prometheus.query(asked, range.end)
        : await prometheus.queryRange(asked, range);
    for (const series of answer) lines.push({ name: nameOf(legendFormat, series), points: series.points });
  }
  const { unit = 'short', thresholds } = panel.fieldConfig?.defaults ?? {};
  const limits = (thresholds?.steps ?? []).flatMap(({ value, color }) =>
    value === null ? [] : [{ value: Number(value), color: COLORS[color] ?? color }],
  );
  const base = thresholds?.steps.find(({ value }) => value === null)?.color ?? 'green';
  const chart: Chart = {
    ...{ title: panel.title ?? '', unit: unit as Unit, lines, limits },
    stacked: stackingOf(panel) === 'normal',
    ...{ start: range.start, end: range.end },
  };
  if (panel.type !== 'stat') return drawLines(chart, box);
  return drawNumber(
    { ...chart, limits: [{ value: Number.NEGATIVE_INFINITY, color: COLORS[base] ?? base }, ...limits] },
    box,
  );
}

function stackingOf({ fieldConfig }: Panel): string {
  const stacking = fieldConfig?.defaults.custom?.['stacking'] as { mode?: string } | undefined;
  return stacking?.mode ?? 'none';
}

function nameOf(legend: string, { labels }: Series): string {
  return legend.replace(/\{\{(\w+)\}\}/g, (_whole, label: string) => labels[label] ?? '').trim();
}
