import { BarChart } from 'echarts/charts';
import { GridComponent, MarkLineComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, GridComponent, MarkLineComponent, SVGRenderer]);

export interface Bar {
  label: string;
  value: number;
  tone?: 'red' | 'amber';
}

// The page's own colours: the chart follows the theme without being drawn twice.
const colours = { red: 'var(--red)', amber: 'var(--amber-fill)', blue: 'var(--accent)' };

/**
 * Bars by day as an SVG for the page, with values on top of a few and a line for a limit.
 * @param alt the main finding in words, for those who do not see it
 */
export function barChart(
  bars: readonly Bar[],
  {
    alt,
    width,
    height,
    limit,
    axis = false,
    number = String,
  }: {
    alt: string;
    width: number;
    height: number;
    limit?: { value: number; label: string };
    axis?: boolean;
    /** How values of the axis are written. */
    number?(value: number): string;
  },
): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const few = bars.length <= 14;
  const top = Math.max(...bars.map(({ value }) => value), limit?.value ?? 0, 1);
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: 'inherit' },
    grid: { left: axis ? 48 : 2, right: 2, top: limit ? 22 : 16, bottom: 20 },
    xAxis: {
      type: 'category',
      data: bars.map(({ label }) => label),
      axisTick: { show: false },
      axisLine: { lineStyle: { color: 'var(--control)' } },
      axisLabel: { color: 'var(--muted)', fontSize: 11, hideOverlap: true },
    },
    yAxis: {
      type: 'value',
      show: axis,
      max: limit ? Math.ceil(top * 1.1) : undefined,
      minInterval: 1,
      splitLine: { show: axis, lineStyle: { color: 'var(--line)' } },
      // Room above the limit, whatever number it ends at, is no step of the axis.
      axisLabel: { color: 'var(--muted)', fontSize: 11, formatter: number, ...(limit ? { showMaxLabel: false } : {}) },
    },
    series: [
      {
        type: 'bar',
        silent: true,
        barMaxWidth: 28,
        data: bars.map(({ value, tone }) => ({ value, itemStyle: { color: colours[tone ?? 'blue'] } })),
        label: {
          show: few,
          position: 'top',
          color: 'var(--text)',
          fontSize: 11,
          formatter: (point: { value: unknown }) => (point.value ? String(point.value) : ''),
        },
        ...(limit
          ? {
              markLine: {
                silent: true,
                symbol: 'none',
                data: [{ yAxis: limit.value }],
                lineStyle: { color: 'var(--red)', type: 'dashed' },
                label: { formatter: limit.label, color: 'var(--red)', position: 'insideEndTop', fontSize: 11 },
              },
            }
          : {}),
      },
    ],
  } as never);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return forPage(svg, alt);
}

/** The strict policy allows no inline styles: sizes become attributes, the style block goes. */
function forPage(svg: string, alt: string): string {
  const escaped = alt.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return svg
    .replaceAll(/<style[\s\S]*?<\/style>/g, '')
    .replaceAll(/ ecmeta_\w+="[^"]*"/g, '')
    .replaceAll(/ style="([^"]*)"/g, (_, style: string) => {
      const size = /font-size:([\d.]+)px/.exec(style);
      return size ? ` font-size="${size[1]}"` : '';
    })
    .replace(/<svg width="(\d+)" height="(\d+)"/, `<svg role="img" aria-label="${escaped}"`);
}
