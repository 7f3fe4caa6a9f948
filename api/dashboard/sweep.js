// The sweep of a job: which axis lies where, what is shown, how large; and the sheet itself.
import { html, useMemo, useState } from "./view.js";
import { choose, go, query } from "./url.js";
import { SheetView } from "./sheet.js";
import { coordinatesOf, defaultChoice, labelOf, layoutOf, movingAxes, nameOf, told } from "./layout.js";
import { Command, Empty, Fault, Ghost } from "./parts.js";
import { CELL_WORDS, EXCLUDED, LEASED, PENDING, REFUSED, REJECT, SETTLED, STAR, WAITING, hasPicture } from "./states.js";
import { count, counted } from "./words.js";

const SHOWN = {
  done: ["Done", hasPicture], star: ["Starred", (cell) => cell === STAR], reject: ["Rejected", (cell) => cell === REJECT],
  unmarked: ["Done, not marked", (cell) => cell === SETTLED], refused: ["Refused", (cell) => cell === REFUSED],
  open: ["Not done yet", (cell) => cell === PENDING || cell === LEASED || cell === WAITING],
};
const SIZES = [6, 12, 24, 40, 64, 96, 144, 220];

// As large as lets the columns stand side by side, but large enough to see a picture; a long stream begins smaller.
function fitting(grid, { y }) {
  const across = y ? grid.axes.reduce((n, axis) => (axis.key === y ? n : n * axis.size), 1) : 0;
  if (!y) return grid.total <= 60 ? 144 : grid.total <= 600 ? 96 : grid.total <= 20000 ? 64 : 40;
  const room = Math.min(innerWidth, 1440) - 220;
  return [144, 96].find((size) => size * across <= room) || 64;
}

// What the URL says of the sheet: {y, x, pins, show, size}.
export function choiceOf(grid, asked) {
  const usual = defaultChoice(grid);
  const pins = {};
  for (const axis of movingAxes(grid)) {
    const k = Number(asked.get(`at.${axis.key}`) ?? NaN);
    if (Number.isInteger(k) && k >= 0 && k < axis.size) pins[axis.key] = k;
  }
  const keys = new Set([...movingAxes(grid).map((axis) => axis.key), "-"]);
  const of = (name) => { const key = asked.get(name); return keys.has(key) ? (key === "-" ? "" : key) : usual[name]; };
  const size = Number(asked.get("size"));
  const show = SHOWN[asked.get("show")] ? asked.get("show") : "";
  return { y: of("y"), x: of("x"), pins, show, size: SIZES.includes(size) ? size : fitting(grid, { y: of("y") }) };
}

export function Sweep({ job, grid, problem, cells, thumbs, version }) {
  const [hinted, setHinted] = useState(-1);
  const text = query.value.toString();
  const choice = useMemo(() => grid && choiceOf(grid, query.value), [grid, text]);
  // A filter's list stays as it is while one looks, but for news: a sheet that jumps under the pointer is no help.
  const listed = choice?.show ? Math.floor(version / 8) : 0;
  const only = useMemo(() => (choice?.show && cells ? within(grid, choice, cells.where(SHOWN[choice.show][1])) : null),
    [grid, choice, cells, listed, choice?.show && cells?.blocks.size]);
  const flow = useMemo(() => grid && layoutOf(grid, choice, only), [grid, choice, only]);
  if (problem) return html`<${Fault} problem=${problem} />`;
  if (!grid || !cells) {
    return job.state === "planning" ? html`<${Empty} title="The job is being planned">
      <p>A worker lists its images and freezes its manifest; then its cells appear here.</p>
      <p class="quiet">If this lasts, look at <a href=${`/jobs/${job.id}?tab=why`}>why it waits</a>. A worker is started with</p><${Command}>./pentimento worker<//><//>`
      : job.state === "failed" ? html`<${Empty} title="The job could not be planned"><p><a href=${`/jobs/${job.id}?tab=why`}>Why?</a></p><//>`
        : html`<${Ghost} lines=${4} tall />`;
  }
  const open = (index, elsewhere) => {
    const rest = new URLSearchParams(query.value);
    rest.delete("tab");
    const href = `/jobs/${job.id}/${index}${rest.toString() ? `?${rest}` : ""}`;
    if (elsewhere) window.open(href, "_blank", "noopener"); else go(href);
  };
  const describe = (index) => `${told(grid, index)}: ${CELL_WORDS[cells.at(index)]}`;
  return html`<section class="sweep" aria-label="Sweep">
    <${Tools} grid=${grid} choice=${choice} job=${job} />
    <p class="hinted" aria-hidden="true"><bdi dir="auto">${hinted >= 0 ? told(grid, hinted) : ""}</bdi>
      <span class="quiet">${hinted >= 0 ? `#${hinted} · ${CELL_WORDS[cells.at(hinted)]}` : count(only ? only.length : job.count) + (only ? " match" : " cells; arrow keys and Enter work, too")}</span></p>
    ${only && !only.length ? html`<${Empty} title="No cell is like that now"><p><a class="button plain" href=${`/jobs/${job.id}`}>Show all</a></p><//>`
      : html`<${SheetView} flow=${flow} size=${choice.size} cells=${cells} thumbs=${thumbs} version=${version} describe=${describe}
          open=${open} hint=${setHinted} label=${`Sweep of ${counted(grid.count, "variant")}`} />`}
    <${Key} />
  </section>`;
}

function within(grid, { pins }, indexes) {
  const wanted = Object.entries(pins).map(([key, k]) => [grid.axes.findIndex((axis) => axis.key === key), k]);
  if (!wanted.length) return indexes;
  return indexes.filter((index) => { const at = coordinatesOf(grid, index); return at && wanted.every(([n, k]) => at[n] === k); });
}

function Tools({ grid, choice, job }) {
  const axes = movingAxes(grid), usual = defaultChoice(grid);
  const set = (name) => (event) => {
    const key = event.target.value || "-";
    choose({ [name]: key === (usual[name] || "-") ? "" : key });
  };
  const at = SIZES.indexOf(choice.size);
  return html`<div class="tools" role="group" aria-label="What the sheet shows">
    ${axes.length > 1 && html`<label>Down <select aria-label="Down" value=${choice.y} onChange=${set("y")}><option value="">nothing: a stream</option>
      ${axes.map((axis) => html`<option key=${axis.key} value=${axis.key}>${nameOf(axis)}</option>`)}</select></label>`}
    ${axes.length > 2 && choice.y && html`<label>Across <select aria-label="Across" value=${choice.x} onChange=${set("x")}>
      ${axes.filter((axis) => axis.key !== choice.y).map((axis) => html`<option key=${axis.key} value=${axis.key}>${nameOf(axis)} first</option>`)}</select></label>`}
    ${axes.map((axis) => html`<label key=${axis.key} class="pin">${nameOf(axis)}
      <select aria-label=${`Only this ${nameOf(axis)}`} value=${choice.pins[axis.key] ?? ""} onChange=${(event) => choose({ [`at.${axis.key}`]: event.target.value })}>
        <option value="">all ${count(axis.size)}</option>
        ${Array.from({ length: Math.min(axis.size, 500) }, (_, k) => html`<option key=${k} value=${k}>${labelOf(axis, k)}</option>`)}</select></label>`)}
    <label>Show <select aria-label="Show" value=${choice.show} onChange=${(event) => choose({ show: event.target.value })}><option value="">everything</option>
      ${Object.entries(SHOWN).map(([name, [word]]) => html`<option key=${name} value=${name}>${word}${name === "star" && job.stars ? ` (${count(job.stars)})` : ""}</option>`)}</select></label>
    <label class="zoom">Size <input type="range" min="0" max=${SIZES.length - 1} value=${at} aria-valuetext=${`${choice.size} pixels`}
      onInput=${(event) => choose({ size: SIZES[event.target.value] }, { replace: true })} /></label>
  </div>`;
}

const Key = () => html`<ul class="key quiet" aria-label="What the colours mean">
  ${[[SETTLED, "settled"], [LEASED, "leased"], [WAITING, "waiting"], [REFUSED, "refused"], [PENDING, "pending"]].map(([cell, part]) => html`<li key=${part}>
    <span class="swatch" data-part=${part} aria-hidden="true"></span>${CELL_WORDS[cell]}</li>`)}<li><span class="swatch dot" aria-hidden="true"></span>${CELL_WORDS[EXCLUDED]}</li></ul>`;
