// One panel as SVG: a number, or lines over time with their axis, limits and legend. Every point is an answer of Prometheus; nothing is smoothed.

import type { Unit } from '../../../scripts/grafana/panels.ts';
import { ticks, write } from './units.ts';

/** Where it is drawn. px */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One series as it is drawn. Times are seconds since the epoch. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [time: number, value: number])[];
}

export interface Chart {
  readonly title: string;
  readonly unit: Unit;
  readonly lines: readonly Line[];
  readonly stacked: boolean;
  /** Values from which on it is bad, with their colours. */
  readonly limits: readonly { readonly value: number; readonly color: string }[];
  readonly start: number;
  readonly end: number;
}

const PALETTE = [
  '#3b7dd8',
  '#e08a1e',
  '#3a9a5b',
  '#c7453b',
  '#7d5cc4',
  '#1fa2a8',
  '#b0578d',
  '#8a8f1f',
  '#5b6b7a',
  '#a8693a',
];
const LEGEND_LINES = 4;
const LEGEND_STEP = 14;
const AXIS = 58;
const PAD = 10;
const TITLE = 24;

/** Lines over time. */
export function drawLines(chart: Chart, box: Box): string {
  const shown = [...chart.lines].sort((a, b) => peak(b) - peak(a));
  const legend = Math.min(LEGEND_LINES, Math.ceil(shown.length / 2));
  const plot: Box = {
    x: box.x + AXIS,
    y: box.y + TITLE + 6,
    width: box.width - AXIS - PAD,
    height: box.height - TITLE - 6 - 20 - legend * LEGEND_STEP - 6,
  };
  const layers = chart.stacked ? stack(shown) : shown.map((line) => ({ line, base: undefined }));
  const highest = Math.max(
    0,
    ...layers.flatMap(({ line }) => line.points.map(([, value]) => value).filter(Number.isFinite)),
  );
  const axis = ticks(highest === 0 ? 1 : highest, chart.unit);
  const top = axis.at(-1) ?? 1;
  const x = (time: number) => plot.x + ((time - chart.start) / (chart.end - chart.start)) * plot.width;
  const y = (value: number) => plot.y + plot.height - (value / top) * plot.height;
  return [
    frame(chart.title, box),
    ...axis.map(
      (value) =>
        `<line x1="${plot.x}" x2="${plot.x + plot.width}" y1="${px(y(value))}" y2="${px(y(value))}" class="grid"/>` +
        text(plot.x - 6, y(value) + 3.5, write(value, chart.unit), 'axis end'),
    ),
    ...times(chart, plot.width).map((time) =>
      text(x(time), plot.y + plot.height + 14, clock(time), 'axis middle'),
    ),
    ...chart.limits
      .filter(({ value }) => value <= top)
      .map(
        ({ value, color }) =>
          `<line x1="${plot.x}" x2="${plot.x + plot.width}" y1="${px(y(value))}" y2="${px(y(value))}" stroke="${color}" stroke-dasharray="4 3"/>`,
      ),
    ...layers.map(({ line, base }, index) => paths(line, base, colorOf(index), { x, y, gap: gapOf(chart) })),
    drawLegend(shown, chart.unit, { ...plot, y: plot.y + plot.height + 32 }, box),
  ].join('\n');
}

/** The last value, large, in the colour of the limit that it has reached. */
export function drawNumber(chart: Chart, box: Box): string {
  const value = chart.lines[0]?.points.at(-1)?.[1];
  const shown = value === undefined ? 'none' : write(value, chart.unit);
  const color =
    value === undefined
      ? '#6b7280'
      : (chart.limits.findLast((limit) => value >= limit.value)?.color ?? '#2f8f57');
  const middle = box.y + TITLE + (box.height - TITLE) / 2 + 8;
  return `${frame(chart.title, box)}\n<text x="${px(box.x + box.width / 2)}" y="${px(middle)}" class="number" style="fill:${color}">${escapeText(shown)}</text>`;
}

/** Text for SVG. */
export function escapeText(value: string): string {
  return value.replace(/[<>&"]/g, (one) => `&#${one.charCodeAt(0)};`);
}

function frame(title: string, { x, y, width, height }: Box): string {
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" class="panel"/>${text(x + PAD, y + 17, title, 'title')}`;
}

function text(x: number, y: number, value: string, kind: string): string {
  return `<text x="${px(x)}" y="${px(y)}" class="${kind}">${escapeText(value)}</text>`;
}

interface Placed {
  readonly x: (time: number) => number;
  readonly y: (value: number) => number;
  /** Points that lie further apart are not joined. Seconds. */
  readonly gap: number;
}

function paths({ points }: Line, base: Line['points'] | undefined, color: string, place: Placed): string {
  const floor = new Map(base);
  return runs(points, place.gap)
    .map((run) => {
      const up = run.map(([time, value]) => `${px(place.x(time))},${px(place.y(value))}`);
      const down = run
        .toReversed()
        .map(([time]) => `${px(place.x(time))},${px(place.y(floor.get(time) ?? 0))}`);
      const area = `<path d="M${[...up, ...down].join('L')}Z" fill="${color}" fill-opacity="${base === undefined ? 0.06 : 0.3}"/>`;
      const line = `<path d="M${up.join('L')}" stroke="${color}" class="line"/>`;
      const dot =
        run.length === 1
          ? `<circle cx="${up[0]?.split(',')[0]}" cy="${up[0]?.split(',')[1]}" r="1.6" fill="${color}"/>`
          : '';
      return area + line + dot;
    })
    .join('');
}

/** The parts of a series between its gaps. */
function runs(points: Line['points'], gap: number): readonly Line['points'][] {
  const found: (readonly [number, number])[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (!Number.isFinite(point[1])) continue;
    if (point[0] - last > gap) found.push([]);
    found.at(-1)?.push(point);
    last = point[0];
  }
  return found;
}

/** Each line on top of the ones before. */
function stack(lines: readonly Line[]): { readonly line: Line; readonly base: Line['points'] }[] {
  const sum = new Map<number, number>();
  return lines.map((line) => {
    const base = [...sum];
    for (const [time, value] of line.points)
      sum.set(time, (sum.get(time) ?? 0) + (Number.isFinite(value) ? value : 0));
    return {
      line: { ...line, points: line.points.map(([time]) => [time, sum.get(time) ?? 0] as const) },
      base,
    };
  });
}

function drawLegend(lines: readonly Line[], unit: Unit, { y }: Box, box: Box): string {
  const room = LEGEND_LINES * 2;
  const entries = lines.slice(0, lines.length > room ? room - 1 : room);
  const column = (box.width - 2 * PAD) / 2;
  const characters = Math.floor(column / 6.1) - 2;
  const place = (index: number) =>
    [box.x + PAD + (index % 2) * column, y + Math.floor(index / 2) * LEGEND_STEP] as const;
  const drawn = entries.map((line, index) => {
    const [left, top] = place(index);
    const last = line.points.at(-1)?.[1] ?? Number.NaN;
    const label = `${line.name === '' ? '(empty)' : line.name}  ${write(last, unit)}`;
    return `<rect x="${px(left)}" y="${px(top - 7)}" width="9" height="3" fill="${colorOf(index)}"/>${text(left + 14, top - 2, clip(label, characters), 'legend')}`;
  });
  const [left, top] = place(entries.length);
  const rest = lines.length - entries.length;
  return [...drawn, ...(rest > 0 ? [text(left + 14, top - 2, `and ${rest} more`, 'legend')] : [])].join('');
}

function clip(label: string, characters: number): string {
  return label.length <= characters ? label : `${label.slice(0, characters - 1)}…`;
}

function peak({ points }: Line): number {
  return Math.max(0, ...points.map(([, value]) => value).filter(Number.isFinite));
}

function colorOf(index: number): string {
  return PALETTE[index % PALETTE.length] ?? '#000';
}

function gapOf({ lines }: Chart): number {
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([time]) => time)))].sort(
    (a, b) => a - b,
  );
  const steps = times.slice(1).map((time, i) => time - (times[i] ?? time));
  return 1.5 * Math.min(...steps, Number.POSITIVE_INFINITY);
}

/** Of an axis: as many as have room. */
function times({ start, end }: Chart, width: number): readonly number[] {
  const shares = width < 300 ? [0.15, 0.5, 0.85] : [0.1, 0.3, 0.5, 0.7, 0.9];
  return shares.map((share) => start + share * (end - start));
}

function clock(time: number): string {
  return new Date(time * 1000).toISOString().slice(11, 19);
}

function px(value: number): string {
  return String(Number(value.toFixed(1)));
}
