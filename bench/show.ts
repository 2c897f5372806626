// Numbers as people read them: three significant digits, a median with its range, a ratio.

import type { Figure } from './figures.ts';
import type { Handshake } from './handshake.ts';
import type { Metric } from './metrics.ts';
import type { Sample } from './results.ts';
import type { Spread } from './statistics.ts';

/** About three significant digits, without exponent; − for below zero. */
export function showNumber(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  const text = size.toFixed(digits);
  const grouped = size >= 10_000 ? Number(text).toLocaleString('en-US') : text;
  return value < 0 && Number(text) !== 0 ? `−${grouped}` : grouped;
}

/** "2.50 (2.41–2.73)", or only the median where there is one value; – for nothing. */
export function showSpread(spread: Spread | undefined, scale = 1): string {
  if (spread === undefined) return '–';
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) =>
    showNumber(value * scale),
  );
  return spread.count < 2 ? `${median}` : `${median} (${min}–${max})`;
}

/** A median without its range. */
export function showMedian(spread: Spread | undefined, scale = 1): string {
  return spread === undefined ? '–' : showNumber(spread.median * scale);
}

/** A ratio with two decimals. */
export function showRatio(spread: Spread | undefined): string {
  return spread === undefined ? '–' : spread.median.toFixed(2);
}

/** A metric's name with its unit. */
export function showMetric({ label, unit }: Metric): string {
  return `${label}, ${unit}`;
}

/** One sample on one line. */
export function showSample(figure: Figure, sample: Sample): string {
  const head = `${sample.figure.padEnd(13)} ${sample.contestant.padEnd(9)}`;
  if (sample.failed !== undefined) return `${head} FAILED: ${sample.failed}`;
  const parts = figure.metrics.flatMap((metric) => {
    const value = sample.values[metric.name];
    return value === undefined ? [] : [`${metric.label} ${showNumber(value * metric.scale)} ${metric.unit}`];
  });
  return `${head} ${parts.join(', ') || 'nothing to measure'}`;
}

/** "TLS 1.3, X25519, AES-128-GCM". */
export function showHandshake(handshake: Handshake | undefined): string {
  if (handshake === undefined) return '–';
  return [handshake.version, handshake.group, handshake.cipher].filter((part) => part !== '').join(', ');
}
