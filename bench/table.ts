// The results as tables: rows of cells once, written for a terminal or as Markdown.

import type { Figure } from './figures.ts';
import type { Metric, MetricName } from './metrics.ts';
import { judgeAll, OURS, type Results, ratioOf, spreadOf } from './results.ts';
import { showMetric, showRatio, showSpread } from './show.ts';
import { showConditions } from './targets.ts';

/** Ratios of these say nothing: others may have taken no memory at all, and a share that is kept is near 1. */
const UNCOMPARED: ReadonlySet<MetricName> = new Set(['growth', 'kept']);

/** Cells of equal number in every row; the first row is the head. */
export type Table = readonly (readonly string[])[];

/** Every metric of every figure: each contestant's median and range, Postern's ratio to each peer, and the verdict. */
export function figureTable(results: Results): Table {
  const names = results.entrants.map(({ name }) => name);
  const peers = results.entrants.flatMap(({ name, isProxy }) => (isProxy && name !== OURS ? name : []));
  const judged = judgeAll(results);
  const row = (figure: Figure, metric: Metric, isFirst: boolean) => [
    isFirst ? figure.name : '',
    showMetric(metric),
    ...names.map((name) =>
      showSpread(spreadOf(results.samples, figure.name, name, metric.name), metric.scale),
    ),
    ...peers.map((peer) =>
      UNCOMPARED.has(metric.name)
        ? '–'
        : showRatio(ratioOf(results.samples, { figure: figure.name, metric: metric.name }, OURS, peer)),
    ),
    judged.find(({ target }) => target.figure === figure.name && target.metric === metric.name)?.verdict ??
      '',
  ];
  return [
    ['figure', 'metric', ...names, ...peers.map((peer) => `÷ ${peer}`), 'target'],
    ...results.figures.flatMap((figure) => figure.metrics.map((metric, i) => row(figure, metric, i === 0))),
  ];
}

/** Every target with what was found. */
export function targetTable(results: Results): Table {
  const rows = judgeAll(results).map(({ target, verdict }) => {
    const metric = results.figures
      .find(({ name }) => name === target.figure)
      ?.metrics.find(({ name }) => name === target.metric);
    const peers = [...new Set([...target.must, ...target.aim].flatMap(({ against }) => against ?? []))];
    const found = peers.map((peer) => `${showRatio(ratioOf(results.samples, target, OURS, peer))} × ${peer}`);
    return [
      target.figure,
      metric === undefined ? target.metric : showMetric(metric),
      showSpread(spreadOf(results.samples, target.figure, OURS, target.metric), metric?.scale),
      found.join(', ') || '–',
      showConditions(target.must),
      showConditions(target.aim) || '–',
      verdict,
    ];
  });
  return [['figure', 'metric', 'Postern', 'ratio', 'must reach', 'aim for', 'verdict'], ...rows];
}

/** For a terminal: columns as wide as their widest cell. */
export function renderText(table: Table): string {
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  );
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** As Markdown. */
export function renderMarkdown(table: Table): string {
  const [head = [], ...rows] = table;
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |\n`;
  return `${line(head)}|${head.map(() => '---|').join('')}\n${rows.map(line).join('')}`;
}

function escapeCell(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ');
}
