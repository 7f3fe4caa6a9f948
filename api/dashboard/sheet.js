// A sweep as one scrolling sheet: the canvas, its keyboard, and what a screen reader is told of the cell in focus.
import { html, useEffect, useLayoutEffect, useRef, useState } from "./view.js";
import { wrapped } from "./layout.js";
import { colours, measure, paint } from "./paint.js";

const TALLEST = 8e6; // browsers draw no element much taller; beyond it the scroll bar moves in proportion

class Sheet {
  constructor(root, told) {
    this.root = root;
    this.canvas = root.querySelector("canvas");
    this.space = root.querySelector(".sheet-space");
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.told = told;
    this.hover = -1;
    this.due = 0;
    this.palette = colours(root);
    this.watch = new ResizeObserver(() => this.resize());
    this.watch.observe(root);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => { this.palette = colours(root); this.soon(); };
    this.dark.addEventListener("change", this.recolour);
    root.addEventListener("scroll", this.soon, { passive: true });
  }

  stop() {
    this.watch.disconnect();
    this.dark.removeEventListener("change", this.recolour);
    cancelAnimationFrame(this.due);
    clearTimeout(this.asking);
  }

  show(options) {
    Object.assign(this, options);
    this.resize();
  }

  resize() {
    if (!this.flow) return;
    const scale = Math.min(devicePixelRatio || 1, 2);
    this.width = this.root.clientWidth;
    this.height = this.root.clientHeight;
    this.canvas.width = Math.round(this.width * scale);
    this.canvas.height = Math.round(this.height * scale);
    this.canvas.style.width = `${this.width}px`;
    this.canvas.style.height = `${this.height}px`;
    this.scale = scale;
    this.layout = wrapped(this.flow, Math.max(1, Math.floor((this.width - 2) / this.size)));
    this.metrics = measure(this.layout, this.size, this.width);
    this.shrink = Math.max(1, (this.metrics.height - this.height) / Math.max(1, TALLEST - this.height));
    this.root.style.maxHeight = `${this.metrics.height + 18}px`; // a small sheet leaves no empty room; 18: a scroll bar
    this.space.style.width = `${Math.max(this.metrics.width, 1)}px`;
    this.space.style.height = `${Math.max(1, Math.min(TALLEST, this.metrics.height))}px`;
    this.draw();
  }

  soon = () => {
    if (!this.due) this.due = requestAnimationFrame(() => this.draw());
  };

  view() {
    return { x: this.root.scrollLeft, y: this.root.scrollTop * this.shrink, width: this.width, height: this.height };
  }

  draw() {
    cancelAnimationFrame(this.due);
    this.due = 0;
    if (!this.layout || !this.width) return;
    this.context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    const { wanted, pictures } = paint(this.context, { ...this, view: this.view() });
    this.root.dataset.pictures = pictures;
    this.root.dataset.drawn = this.layout.count;
    if (this.cells.blocks.size) this.root.dataset.painted ??= Math.round(performance.now()); // since the navigation
    clearTimeout(this.asking);
    if (wanted.length) this.asking = setTimeout(() => this.thumbs.want(wanted), 70); // not for what flies past
  }

  // The cell under a pointer: {row, column, index}, or null.
  under(event) {
    if (!this.layout) return null;
    const box = this.canvas.getBoundingClientRect(), view = this.view();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    if (x < this.metrics.left || y < this.metrics.top) return null;
    const column = Math.floor((x - this.metrics.left + view.x) / this.size);
    const row = Math.floor((y - this.metrics.top + view.y) / this.size);
    return this.cell(row, column);
  }

  cell(row, column) {
    if (row < 0 || column < 0 || row >= this.layout.rows || column >= this.layout.columns) return null;
    const index = this.layout.at(row, column);
    return index < 0 ? null : { row, column, index };
  }

  reveal({ row, column }) {
    const { size, left, top } = this.metrics, view = this.view();
    const x = column * size, y = row * size;
    if (x < view.x) this.root.scrollLeft = x;
    if (x + size > view.x + view.width - left) this.root.scrollLeft = x + size - view.width + left;
    if (y < view.y) this.root.scrollTop = y / this.shrink;
    if (y + size > view.y + view.height - top) this.root.scrollTop = (y + size - view.height + top) / this.shrink;
  }
}

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

// version: changes whenever cells or thumbs have news. describe(index) → text. open(index, elsewhere). hint(index or -1).
export function SheetView({ flow, size, cells, thumbs, version, describe, open, hint, label }) {
  const root = useRef(null), sheet = useRef(null);
  const [focus, setFocus] = useState(null);
  useLayoutEffect(() => {
    sheet.current = new Sheet(root.current);
    return () => sheet.current.stop();
  }, []);
  useLayoutEffect(() => {
    setFocus(null);
    sheet.current.show({ flow, size, cells, thumbs, active: -1 });
  }, [flow, size, cells, thumbs]);
  useEffect(() => { sheet.current.soon(); }, [version]);
  useEffect(() => thumbs.listen(() => sheet.current.soon()), [thumbs]);

  const attend = (cell) => {
    if (!cell) return;
    sheet.current.active = cell.index;
    sheet.current.reveal(cell);
    sheet.current.soon();
    setFocus(cell);
    hint(cell.index);
  };
  const keys = (event) => {
    const at = focus || sheet.current.cell(0, 0), { layout } = sheet.current;
    if (!at) return;
    const page = Math.max(1, Math.floor(sheet.current.height / size) - 1);
    let to = null;
    if (MOVES[event.key]) to = focus ? [at.row + MOVES[event.key][0], at.column + MOVES[event.key][1]] : [0, 0];
    else if (event.key === "Home") to = event.ctrlKey ? [0, 0] : [at.row, 0];
    else if (event.key === "End") to = event.ctrlKey ? [layout.rows - 1, 0] : [at.row, layout.columns - 1];
    else if (event.key === "PageDown") to = [Math.min(layout.rows - 1, at.row + page), at.column];
    else if (event.key === "PageUp") to = [Math.max(0, at.row - page), at.column];
    else if (event.key === "Enter" && focus) open(focus.index, event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
    if (to) attend(sheet.current.cell(...to));
  };
  const point = (event) => {
    const cell = sheet.current.under(event), index = cell ? cell.index : -1;
    if (index === sheet.current.hover) return;
    sheet.current.hover = index;
    root.current.classList.toggle("over-cell", index >= 0);
    sheet.current.soon();
    hint(index);
  };
  const leave = () => { sheet.current.hover = -1; sheet.current.soon(); hint(focus ? focus.index : -1); };
  const press = (event) => {
    const cell = event.button < 2 && sheet.current.under(event);
    if (cell) open(cell.index, event.button === 1 || event.ctrlKey || event.metaKey);
  };
  const { rows = 1, columns = 1 } = sheet.current?.layout || {};
  return html`<div class="sheet" ref=${root} tabindex="0" role="grid" aria-label=${label} aria-rowcount=${rows}
      aria-colcount=${columns} aria-activedescendant=${focus ? "sheet-cell" : undefined} onKeyDown=${keys}
      onPointerMove=${point} onPointerLeave=${leave} onClick=${press} onAuxClick=${press}>
    <div class="sheet-space"><canvas aria-hidden="true"></canvas></div>
    <div class="unseen" role="row" aria-rowindex=${focus ? focus.row + 1 : 1}>
      <div id="sheet-cell" role="gridcell" aria-colindex=${focus ? focus.column + 1 : 1}>${focus ? describe(focus.index) : ""}</div>
    </div>
  </div>`;
}
