/** The drawing of a chart, by uPlot: in colours of the theme, with a cursor that reads values out. */
import { useEffect, useRef, useSyncExternalStore } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { compact, number } from "../i18n/format";
import { currentScheme, onScheme } from "../shell/theme";

export type Series = { name: string; values: (number | null)[]; /** Beside the others: dashed, and without a colour of its own. */ faint?: boolean };
export type Mark = { time: number; tone: "bad" | "warn"; text: string };
/** A time of which not all is known; `mended` where what could be had was fetched afterwards. */
export type Band = { from: number; until: number; mended?: boolean };

const HEIGHT = 260;

type PlotProps = { label: string; times: number[]; series: Series[]; marks: Mark[]; bands: Band[]; steps: boolean; zone: string | undefined; called: (time: number) => string; onPick: ((index: number) => void) | undefined };

export default function Plot({ label, times, series, marks, bands, steps, zone, called, onPick }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLParagraphElement>(null);
  const scheme = useSyncExternalStore(onScheme, currentScheme);
  // What is called on a picked point or a name may be new with every drawing of the page; the plot stays.
  const told = useRef({ called, onPick });
  useEffect(() => { told.current = { called, onPick }; });
  const picks = onPick !== undefined;

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const plot = new uPlot(options(element, { series, marks, bands, steps, zone }, (index) => {
      if (readout.current === null) return;
      const time = index == null ? undefined : times[index];
      readout.current.textContent = time === undefined || index == null ? "" : [told.current.called(time), ...series.map((one) => `${one.name}: ${number(one.values[index] ?? 0)}`)].join(" · ");
    }), [times, ...series.map((one) => one.values)], element);
    const pick = () => {
      const index = plot.cursor.idx;
      if (index != null) told.current.onPick?.(index);
    };
    plot.over.addEventListener("click", pick);
    const watch = new ResizeObserver(() => { plot.setSize({ width: element.clientWidth, height: HEIGHT }); });
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [times, series, marks, bands, steps, zone, scheme]);

  return (
    <figure>
      <div ref={place} className={`plot ${picks ? "plot-picks" : ""}`} role="img" aria-label={label} />
      <p ref={readout} className="plot-readout small muted num" aria-hidden="true" />
    </figure>
  );
}

type Drawn = { series: Series[]; marks: Mark[]; bands: Band[]; steps: boolean; zone: string | undefined };

function options(element: HTMLElement, { series, marks, bands, steps, zone }: Drawn, read: (index: number | null | undefined) => void): uPlot.Options {
  // A canvas knows no light-dark(): the colour that holds is asked of an element that has it.
  const probe = document.createElement("span");
  element.append(probe);
  const colour = (name: string) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: `12px ${getComputedStyle(element).fontFamily}` };
  const path = steps ? uPlot.paths.stepped?.({ align: 1 }) : undefined;
  const result: uPlot.Options = {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [12, 12, 0, 0],
    legend: { show: false },
    ...(zone === undefined ? {} : { tzDate: (time: number) => uPlot.tzDate(new Date(time * 1000), zone) }),
    cursor: { points: { size: 7 }, drag: { x: false, y: false } },
    scales: { y: { range: (_, low, high) => spread(low, high) } },
    series: [
      {},
      ...series.map((one, index) => {
        const stroke = colour(one.faint === true ? "line-strong" : `series-${String(index + 1)}`);
        return { label: one.name, stroke, width: 1.8, points: { show: false }, ...(one.faint === true ? { dash: [5, 5] } : {}), ...(path === undefined ? {} : { paths: path }), ...(index === 0 && series.filter((other) => other.faint !== true).length === 1 ? { fill: fade(stroke) } : {}) };
      }),
    ],
    axes: [
      { ...axis, space: 70, size: 34, values: (_, splits) => splits.map((time) => axisTime(time, splits, zone)) },
      { ...axis, size: 58, values: (_, splits) => splits.map((value) => compact(value)) },
    ],
    hooks: {
      setCursor: [(plot) => { read(plot.cursor.idx); }],
      drawAxes: [(plot) => { for (const band of bands) drawBand(plot, band, colours.warn); }],
      draw: [(plot) => { for (const mark of marks) drawMark(plot, mark, colours[mark.tone]); }],
    },
  };
  const colours = { bad: colour("bad"), warn: colour("warn") };
  probe.remove();
  return result;
}

/** Room above and below; a flat line lies in the middle, and zero stays in sight when it is near. */
function spread(low: number, high: number): [number, number] {
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  const bottom = low >= 0 && low < (high - low) * 2 ? 0 : low - room;
  return [bottom, high + room];
}

function fade(colour: string): string {
  return colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.12)");
}

function axisTime(time: number, all: number[], zone: string | undefined): string {
  const range = (all.at(-1) ?? time) - (all[0] ?? time);
  const date = new Date(time * 1000);
  const language = document.documentElement.lang === "de" ? "de" : "en-GB";
  const there = zone === undefined ? {} : { timeZone: zone };
  return range > 2 * 86_400
    ? date.toLocaleDateString(language, { day: "numeric", month: "short", ...there })
    : date.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", ...there });
}

function drawBand(plot: uPlot, band: Band, colour: string) {
  const { left, top, width, height } = plot.bbox;
  const within = (time: number) => Math.min(Math.max(plot.valToPos(time, "x", true), left), left + width);
  const [from, until] = [within(band.from), within(band.until)];
  // A gap of minutes is seen in a chart of months too; one that lies outside is not.
  if (band.until < (plot.scales.x?.min ?? 0) || band.from > (plot.scales.x?.max ?? 0)) return;
  const canvas = plot.ctx;
  canvas.save();
  canvas.globalAlpha = band.mended === true ? 0.1 : 0.22;
  canvas.fillStyle = colour;
  canvas.fillRect(from, top, Math.max(until - from, 3 * devicePixelRatio), height);
  canvas.restore();
}

function drawMark(plot: uPlot, mark: Mark, colour: string) {
  const x = plot.valToPos(mark.time, "x", true);
  const { left, top, width, height } = plot.bbox;
  if (x < left || x > left + width) return;
  const canvas = plot.ctx;
  canvas.save();
  canvas.strokeStyle = colour;
  canvas.fillStyle = colour;
  canvas.setLineDash([4, 4]);
  canvas.beginPath();
  canvas.moveTo(x, top);
  canvas.lineTo(x, top + height);
  canvas.stroke();
  canvas.beginPath();
  canvas.arc(x, top + 4, 4 * devicePixelRatio, 0, Math.PI * 2);
  canvas.fill();
  canvas.restore();
}
