// Where each variant of a sweep lies on the sheet: any axis down, any across, the others nested across or pinned. Pure.
//
// A variant's index is the sum of coordinate × stride over all axes (GET /v1/jobs/{job}/grid). Nothing here is a list of
// cells: a hundred thousand cost what ten do.

// Axes with more than one value, slowest first; the others say nothing.
export const movingAxes = (grid) => grid.axes.filter((axis) => axis.size > 1);

export function defaultChoice(grid) {
  const axes = movingAxes(grid);
  if (axes.length < 2) return { y: "", x: "" };
  const y = axes[0].size <= 400 ? axes[0] : null; // a thousand images with two variants each read better as a stream
  if (!y) return { y: "", x: "" };
  const rest = axes.filter((axis) => axis !== y);
  return { y: y.key, x: rest.reduce((best, axis) => (axis.size > best.size ? axis : best)).key };
}

// choice: {y, x: keys or "", pins: {key: coordinate}}. only: indexes to show, or null for all (a list is a stream).
export function layoutOf(grid, choice, only = null) {
  const pinned = grid.axes.filter((axis) => choice.pins?.[axis.key] !== undefined);
  const offset = pinned.reduce((sum, axis) => sum + choice.pins[axis.key] * axis.stride, 0);
  const free = grid.axes.filter((axis) => !pinned.includes(axis) && axis.size > 1);
  const y = free.find((axis) => axis.key === choice.y) || null;
  if (only) return streamOf(only.length, (p) => only[p]);
  if (!y) {
    if (!pinned.length) return streamOf(grid.total, (p) => p);
    const levels = radix(free);
    return streamOf(product(free), (p) => offset + indexIn(levels, p));
  }
  const across = free.filter((axis) => axis !== y);
  const first = across.find((axis) => axis.key === choice.x);
  const order = first ? [first, ...across.filter((axis) => axis !== first)] : across;
  const levels = radix(order);
  const columns = product(order);
  const extra = grid.included && y.kind === "image" && !pinned.length ? grid.included.size * grid.samples : 0;
  return {
    stream: false, rows: y.size, columns: columns + extra, count: y.size * (columns + extra), y, across: levels, extra,
    at: (row, column) => offset + row * y.stride
      + (column < columns ? indexIn(levels, column) : grid.included.offset + column - columns),
    rowLabel: (row) => labelOf(y, row),
    columnLabel: (level, column) => (column < columns ? labelOf(level.axis, coordinate(level, column))
      : grid.included.labels[Math.floor((column - columns) / grid.samples)] || "included"),
    columns0: columns,
  };
}

function streamOf(count, indexAt) {
  return { stream: true, count, indexAt };
}

// A stream wrapped at some columns, which only the width of the window knows.
export function wrapped(layout, columns) {
  if (!layout.stream) return layout;
  const rows = Math.ceil(layout.count / columns);
  return {
    ...layout, rows, columns, across: [], extra: 0,
    at: (row, column) => (row * columns + column < layout.count ? layout.indexAt(row * columns + column) : -1),
  };
}

const product = (axes) => axes.reduce((whole, axis) => whole * axis.size, 1);

function radix(axes) {
  let repeat = product(axes);
  return axes.map((axis) => {
    repeat /= axis.size;
    return { axis, repeat }; // a value of this axis spans `repeat` columns
  });
}

const coordinate = (level, position) => Math.floor(position / level.repeat) % level.axis.size;
const indexIn = (levels, position) => levels.reduce((sum, level) => sum + coordinate(level, position) * level.axis.stride, 0);

export const labelOf = (axis, k) => axis.labels[k] ?? `#${k + 1}`;
export const nameOf = (axis) => axis.names.join(", ");

// The coordinate along each axis, or null for a cell beyond the product.
export function coordinatesOf(grid, index) {
  const within = index % grid.axes[0].stride;
  if (grid.included && within >= grid.included.offset) return null;
  return grid.axes.map((axis) => Math.floor(index / axis.stride) % axis.size);
}

// "boat · strength 0.35 · sample 2"
export function told(grid, index) {
  const at = coordinatesOf(grid, index);
  if (!at) {
    const row = Math.floor(((index % grid.axes[0].stride) - grid.included.offset) / grid.samples);
    return `${labelOf(grid.axes[0], Math.floor(index / grid.axes[0].stride))} · ${grid.included.labels[row] ?? "included"}`;
  }
  return grid.axes.map((axis, n) => [axis, at[n]]).filter(([axis]) => axis.size > 1 || axis.kind === "image")
    .map(([axis, k]) => (axis.kind === "image" ? labelOf(axis, k) : `${nameOf(axis)} ${labelOf(axis, k)}`)).join(" · ");
}

// The neighbour of a variant one step along an axis, or null at the edge.
export function stepFrom(grid, index, axis, by) {
  const at = coordinatesOf(grid, index);
  if (!at) return null;
  const k = at[grid.axes.indexOf(axis)] + by;
  return k < 0 || k >= axis.size ? null : index + by * axis.stride;
}
