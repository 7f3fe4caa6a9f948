// Lines over time. uPlot draws them; the newest figures stand beside as text, for those who do not see the lines.
import { html, useEffect, useRef, useState } from "./view.js";
import uPlot from "./vendor/uplot.js";
import { count, rate } from "./words.js";

const HEIGHT = 170;
const minutes = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const seconds = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const clocks = (_, ticks) => ticks.map((at) => (ticks[1] - ticks[0] < 60 ? seconds : minutes).format(at * 1000));

// columns: [[name in data, word, state whose colour it takes], …]
export function Chart({ title, data, columns, perMinute = false }) {
  const box = useRef(null), plot = useRef(null);
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)"), turn = () => setTheme((n) => n + 1);
    dark.addEventListener("change", turn);
    return () => dark.removeEventListener("change", turn);
  }, []);
  const factor = perMinute ? 60 / data.step_s : 1;
  const rows = [data.at, ...columns.map(([name]) => data[name].map((value) => (value === null ? null : value * factor)))];
  useEffect(() => {
    const home = box.current;
    if (!home) return undefined; // the page was left before this ran
    const style = getComputedStyle(home), of = (name) => style.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: of("quiet"), grid: { stroke: of("line"), width: 1 }, ticks: { show: false }, font: `11px ${style.fontFamily}` };
    plot.current = new uPlot({
      width: home.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { y: false, points: { size: 6 } },
      // A farm that began a minute ago is not shown as an hour of nothing, nor as if that minute were all.
      scales: { x: { range: (_, low, high) => [Math.min(low, high - 60 * data.step_s), high] }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
      axes: [{ ...axis, space: 80, size: 30, values: clocks }, { ...axis, size: 46, values: (_, ticks) => ticks.map((tick) => (tick >= 1e4 ? `${tick / 1e3}k` : tick)) }],
      series: [{}, ...columns.map(([, word, state], n) => ({
        label: word, stroke: of(`state-${state}`), width: 1.75, dash: n ? [5, 4] : undefined,
        fill: n ? undefined : of(`cell-${state}`), points: { show: false }, spanGaps: false,
      }))],
    }, rows, home);
    const drawn = plot.current;
    const watch = new ResizeObserver(() => drawn.setSize({ width: home.clientWidth, height: HEIGHT }));
    watch.observe(home);
    return () => { watch.disconnect(); drawn.destroy(); plot.current = null; };
  }, [theme, data.step_s]);
  useEffect(() => { plot.current?.setData(rows); }, [data]);
  const newest = (column) => column.findLast((value) => value !== null);
  return html`<figure class="chart"><figcaption><span>${title}</span>
    ${columns.map(([name, word, state], n) => html`<span key=${name} class="quiet"><span class=${`swatch line ${n ? "dashed" : ""}`} data-part=${state} aria-hidden="true"></span>
      ${word} <b>${perMinute ? rate(newest(rows[n + 1])) : count(newest(rows[n + 1]))}</b></span>`)}</figcaption>
    <div ref=${box} aria-hidden="true"></div></figure>`;
}
