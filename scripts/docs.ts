// Writes the generated reference files (npm run docs); with --check it only compares them and fails when one is stale.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { chartReference, chartSchemaFile, chartValuesFile } from './docs/chart.ts';
import { chartCopies, strayCopies } from './docs/chartcopies.ts';
import { cliReference } from './docs/cli.ts';
import { configReference, configSchemaFile } from './docs/config.ts';
import { errorsReference } from './docs/errors.ts';
import { dashboardFiles } from './docs/grafana.ts';
import { metricsReference } from './docs/metrics.ts';
import { sizingPage } from './docs/sizing.ts';

interface Generator {
  /** Relative to the checkout. */
  readonly file: string;
  render(): string;
}

/** Every generated file. Add a generator here. */
const GENERATORS: readonly Generator[] = [
  chartReference,
  chartSchemaFile,
  chartValuesFile,
  cliReference,
  configReference,
  configSchemaFile,
  errorsReference,
  metricsReference,
  ...dashboardFiles,
  // Of what stands in deploy/, so after the dashboards.
  ...chartCopies(),
  sizingPage,
];

const ROOT = join(import.meta.dirname, '..');

function readCurrent(file: string): string {
  try {
    return readFileSync(join(ROOT, file), 'utf8');
  } catch {
    return '';
  }
}

function writeAll(): void {
  for (const { file, render } of GENERATORS) {
    mkdirSync(dirname(join(ROOT, file)), { recursive: true });
    writeFileSync(join(ROOT, file), render());
  }
  for (const file of strayCopies()) rmSync(join(ROOT, file));
}

function checkAll(): number {
  const stale = GENERATORS.filter(({ file, render }) => readCurrent(file) !== render());
  for (const { file } of stale) process.stderr.write(`${file} is stale: run npm run docs\n`);
  for (const file of strayCopies()) process.stderr.write(`${file} is a copy of nothing: run npm run docs\n`);
  return stale.length + strayCopies().length > 0 ? 1 : 0;
}

if (process.argv.includes('--check')) process.exitCode = checkAll();
else writeAll();
