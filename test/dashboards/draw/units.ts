// How values are written beside an axis and in a legend, for the units that the panels use.

import type { Unit } from '../../../scripts/grafana/panels.ts';

const STEPS = [1, 2, 2.5, 5, 10];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** A value with its unit, three digits at most. */
export function write(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return '–';
  switch (unit) {
    case 'percentunit':
      return `${digits(value * 100)} %`;
    case 's':
      return Math.abs(value) < 1 ? `${digits(value * 1000)} ms` : `${digits(value)} s`;
    case 'dtdurations':
      return writeDuration(value);
    case 'bytes':
      return writeBytes(value);
    case 'Bps':
      return `${writeBytes(value)}/s`;
    case 'reqps':
      return `${digits(value)} req/s`;
    case 'ops':
      return `${digits(value)} /s`;
    case 'short':
      return digits(value);
  }
}

/** Up to five round values from 0 to at least `max`, for an axis. */
export function ticks(max: number, unit: Unit): readonly number[] {
  if (max <= 0) return [0, 1];
  const base = baseOf(max, unit);
  const rough = max / base / 4;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = (STEPS.find((one) => one * magnitude >= rough) ?? 10) * magnitude * base;
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** What steps are round multiples of: KiB and MiB, hours and days. */
function baseOf(max: number, unit: Unit): number {
  if (unit === 'bytes' || unit === 'Bps') return 1024 ** Math.floor(Math.log2(Math.max(1, max)) / 10);
  if (unit !== 'dtdurations') return 1;
  return [DAY, HOUR, MINUTE].find((one) => max >= 2 * one) ?? 1;
}

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${digits(value / 1e6)} M`;
  if (size >= 1e4) return `${digits(value / 1e3)} k`;
  const places = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(places)));
}

function writeBytes(value: number): string {
  const power = Math.min(
    BINARY.length - 1,
    Math.max(0, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10)),
  );
  return `${digits(value / 1024 ** power)} ${BINARY[power]}`;
}

function writeDuration(value: number): string {
  const size = Math.abs(value);
  if (size < MINUTE) return `${digits(value)} s`;
  if (size < HOUR) return `${digits(value / MINUTE)} min`;
  if (size < 2 * DAY) return `${digits(value / HOUR)} h`;
  return `${digits(value / DAY)} days`;
}
