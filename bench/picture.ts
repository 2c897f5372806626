// docs/benchmarks.svg: per figure, how each contestant compares with HAProxy, as bars that begin at 1: to the left it costs less, to the
// right more. A logarithmic scale, so that half and double are equally long. Plain SVG, in the reader's light or dark.

import { OURS, REFERENCE, type Results, ratioOf } from './results.ts';
import { TARGETS } from './targets.ts';

const WIDTH = 860;
const LABEL_WIDTH = 210;
const RIGHT_MARGIN = 56;
const TOP = 84;
const BAR_HEIGHT = 11;
const BAR_GAP = 2;
const GROUP_GAP = 14;
const BOTTOM = 30;
/** The scale reaches at least this far, in powers of two. */
const MIN_REACH = 1;
const MAX_REACH = 5;

/** Colours that people with any colour vision tell apart on white and on near-black (after Okabe and Ito). */
const COLOURS: Readonly<Record<string, string>> = {
  postern: '#0072b2',
  nginx: '#009e73',
  gogate: '#e69f00',
  'haproxy-aes128': '#8c8c8c',
};

const STYLE = `
  text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f; }
  .title { font-size: 15px; font-weight: 600; }
  .quiet { fill: #59636e; font-size: 11px; }
  .strong { font-weight: 600; }
  .ground { fill: #ffffff; }
  .grid { stroke: #d8dee4; stroke-width: 1; }
  .one { stroke: #24292f; stroke-width: 1.5; }
  .target { stroke: #d1242f; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .ground { fill: #0d1117; }
    .grid { stroke: #30363d; }
    .one { stroke: #e6edf3; }
    .target { stroke: #ff7b72; }
    .postern { fill: #56b4e9; }
  }`;

/** One figure's bars. */
interface Group {
  readonly figure: string;
  readonly metric: string;
  readonly bars: readonly { readonly name: string; readonly ratio: number }[];
  /** The ratio to HAProxy that Postern must reach; undefined: none. */
  readonly target: number | undefined;
}

/** Draws the headline metric of every figure that HAProxy was measured in. */
export function renderPicture(results: Results): string {
  const names = results.entrants.map(({ name }) => name).filter((name) => COLOURS[name] !== undefined);
  const groups = makeGroups(results, names);
  const reach = scaleReach(groups);
  const plotWidth = WIDTH - LABEL_WIDTH - RIGHT_MARGIN;
  const x = (ratio: number) =>
    LABEL_WIDTH + (plotWidth * (clamp(Math.log2(ratio), reach) + reach)) / (2 * reach);
  let y = groups.length === 0 ? TOP + 3 * GROUP_GAP : TOP;
  const parts: string[] = [];
  for (const group of groups) {
    parts.push(drawGroup(group, y, x));
    y += groupHeight(group) + GROUP_GAP;
  }
  const bottom = y - GROUP_GAP / 2;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + BOTTOM}" width="${WIDTH}" height="${bottom + BOTTOM}" role="img" aria-label="Cost per unit of work as a ratio to HAProxy">
<style>${STYLE}
</style>
<rect class="ground" width="100%" height="100%"/>
<text class="title" x="16" y="26">Cost per unit of work, as a ratio to HAProxy</text>
<text class="quiet" x="16" y="44">left of the line at 1: less than HAProxy · red mark: what Postern must reach · measured ${results.startedAt.toISOString().slice(0, 10)}, ${results.options.rounds} ${results.options.rounds === 1 ? 'round' : 'rounds'}, size ${results.options.size}</text>
${drawLegend(names)}
${drawScale(reach, x, bottom)}
${parts.join('\n') || `<text x="${LABEL_WIDTH}" y="${TOP + 8}">HAProxy was not measured in this run.</text>`}
</svg>
`;
}

function makeGroups(results: Results, names: readonly string[]): readonly Group[] {
  return results.figures.flatMap((figure) => {
    const metric = figure.metrics[0];
    if (metric === undefined) return [];
    const at = { figure: figure.name, metric: metric.name };
    const bars = names.flatMap((name) => {
      const ratio = ratioOf(results.samples, at, name, REFERENCE)?.median;
      return ratio === undefined || ratio <= 0 ? [] : [{ name, ratio }];
    });
    const target = TARGETS.find((one) => one.figure === figure.name && one.metric === metric.name)?.must.find(
      ({ against }) => against === REFERENCE,
    )?.atMost;
    return bars.length === 0 ? [] : [{ figure: figure.name, metric: metric.label, bars, target }];
  });
}

/** How many doublings the scale shows on each side of 1. */
function scaleReach(groups: readonly Group[]): number {
  const all = groups.flatMap(({ bars, target = 1 }) => [target, ...bars.map(({ ratio }) => ratio)]);
  const furthest = Math.max(MIN_REACH, ...all.map((ratio) => Math.abs(Math.log2(ratio))));
  return Math.min(MAX_REACH, Math.ceil(furthest));
}

function drawGroup(group: Group, y: number, x: (ratio: number) => number): string {
  const middle = y + groupHeight(group) / 2 + 4;
  const bars = group.bars.map(({ name, ratio }, index) => {
    const top = y + index * (BAR_HEIGHT + BAR_GAP);
    const [from, to] = [Math.min(x(1), x(ratio)), Math.max(x(1), x(ratio))];
    const label =
      ratio < 1 ? `x="${round(from - 4)}" text-anchor="end"` : `x="${round(to + 4)}" text-anchor="start"`;
    const weight = name === OURS ? ' strong' : '';
    return (
      `<rect class="${name}" fill="${COLOURS[name]}" x="${round(from)}" y="${top}" width="${round(Math.max(to - from, 1))}" height="${BAR_HEIGHT}" rx="1"/>` +
      `<text class="quiet${weight}" ${label} y="${top + BAR_HEIGHT - 1}">${ratio.toFixed(2)}</text>`
    );
  });
  const mark =
    group.target === undefined
      ? ''
      : `<line class="target" x1="${round(x(group.target))}" x2="${round(x(group.target))}" y1="${y - 3}" y2="${y + BAR_HEIGHT + 3}"/>`;
  return `<text x="16" y="${middle}">${group.figure}<tspan class="quiet" dx="6">${group.metric}</tspan></text>\n${bars.join('\n')}${mark}`;
}

function drawLegend(names: readonly string[]): string {
  return names
    .map((name, index) => {
      const left = LABEL_WIDTH + index * 120;
      return (
        `<rect class="${name}" fill="${COLOURS[name]}" x="${left}" y="55" width="11" height="11" rx="1"/>` +
        `<text class="quiet" x="${left + 16}" y="65">${name}</text>`
      );
    })
    .join('\n');
}

function drawScale(reach: number, x: (ratio: number) => number, bottom: number): string {
  return Array.from({ length: 2 * reach + 1 }, (_, index) => 2 ** (index - reach))
    .map(
      (ratio) =>
        `<line class="${ratio === 1 ? 'one' : 'grid'}" x1="${round(x(ratio))}" x2="${round(x(ratio))}" y1="${TOP - 8}" y2="${bottom}"/>` +
        `<text class="quiet" x="${round(x(ratio))}" y="${bottom + 16}" text-anchor="middle">${ratio < 1 ? `1/${1 / ratio}` : ratio}</text>`,
    )
    .join('\n');
}

function groupHeight({ bars }: Group): number {
  return bars.length * (BAR_HEIGHT + BAR_GAP) - BAR_GAP;
}

function clamp(value: number, reach: number): number {
  return Math.max(-reach, Math.min(reach, value));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
