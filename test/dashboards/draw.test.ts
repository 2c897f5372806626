// The pictures of the documentation: values are written as a person would, axes are round, and what is drawn is what was answered.

import t from 'tap';
import type { Unit } from '../../scripts/grafana/panels.ts';
import { type Chart, drawLines, drawNumber, escapeText } from './draw/chart.ts';
import { ticks, write } from './draw/units.ts';

t.test('values with their units', async (t) => {
  for (const [value, unit, written] of [
    [0, 'short', '0'],
    [0.0004, 'percentunit', '0.04 %'],
    [1, 'percentunit', '100 %'],
    [0.0123, 's', '12.3 ms'],
    [2.5, 's', '2.5 s'],
    [3700, 'dtdurations', '1.03 h'],
    [30 * 86_400, 'dtdurations', '30 days'],
    [1536, 'bytes', '1.5 KiB'],
    [0, 'Bps', '0 B/s'],
    [31.25, 'reqps', '31.3 req/s'],
    [12_345, 'short', '12.3 k'],
    [Number.NaN, 'short', '–'],
  ] as const)
    t.equal(write(value, unit), written, `${value} ${unit}`);
});

t.test('axes end above the highest value, in round steps', async (t) => {
  for (const [max, unit, expected] of [
    [7, 'short', [0, 2, 4, 6, 8]],
    [0.09, 's', [0, 0.025, 0.05, 0.075, 0.1]],
    [100, 'short', [0, 25, 50, 75, 100]],
    [30 * 86_400, 'dtdurations', [0, 10 * 86_400, 20 * 86_400, 30 * 86_400]],
    [70, 'dtdurations', [0, 20, 40, 60, 80]],
    [3 * 2 ** 20, 'bytes', [0, 2 ** 20, 2 * 2 ** 20, 3 * 2 ** 20]],
  ] as [number, Unit, number[]][])
    t.same(
      ticks(max, unit).map((one) => Number(one.toPrecision(6))),
      expected.map((one) => Number(one.toPrecision(6))),
      `${max} ${unit}`,
    );
});

const box = { x: 0, y: 0, width: 300, height: 200 };
const chart: Chart = {
  title: 'Requests <by> verb',
  unit: 'reqps',
  lines: [
    {
      name: 'get',
      points: [
        [0, 1],
        [10, 2],
        [20, 4],
        [50, 4],
        [60, 4],
      ],
    },
    {
      name: 'list',
      points: [
        [0, 1],
        [10, Number.NaN],
        [20, 1],
      ],
    },
  ],
  stacked: false,
  limits: [
    { value: 3, color: '#c7453b' },
    { value: 300, color: '#000000' },
  ],
  start: 0,
  end: 60,
};

t.test('each series is a line, broken where there was no answer, with its last value', async (t) => {
  const drawn = drawLines(chart, box);
  t.equal(drawn.match(/class="line"/g)?.length, 4, 'get has one gap, list another');
  t.match(drawn, 'get  4 req/s');
  t.match(drawn, 'Requests &#60;by&#62; verb');
  t.equal(drawn.match(/stroke-dasharray/g)?.length, 1, 'limits that are far above are not drawn');
  t.notMatch(drawn, 'NaN');
});

t.test('stacked lines lie on each other', async (t) => {
  const flat = drawLines({ ...chart, lines: chart.lines.slice(0, 1) }, box);
  const stacked = drawLines({ ...chart, stacked: true }, box);
  t.not(flat, stacked);
  t.match(stacked, '6 req/s', 'the axis has room for the sum');
});

t.test('a number has the colour of the limit that it has reached', async (t) => {
  const at = (value: number) => drawNumber({ ...chart, lines: [{ name: '', points: [[0, value]] }] }, box);
  t.match(at(4), 'fill:#c7453b">4 req/s');
  t.match(at(2), 'fill:#2f8f57">2 req/s');
  t.match(drawNumber({ ...chart, lines: [] }, box), '>none<');
});

t.test('text cannot end its element', async (t) => {
  t.equal(escapeText('a<b>&"c"'), 'a&#60;b&#62;&#38;&#34;c&#34;');
});
