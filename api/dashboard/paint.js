// Draws the visible part of a sheet on a canvas: a picture where there is one, else the state as colour and shape.
import { EXCLUDED, LEASED, PENDING, REFUSED, REJECT, STAR, WAITING, hasPicture } from "./states.js";

export const PICTURES_FROM = 18; // below so many pixels a cell is a colour
const LEVEL = 19; // pixels of one line of column labels
const NAMES = ["pending", "leased", "waiting", "settled", "settled", "settled", "refused"];

export function measure(layout, size, width) {
  const left = layout.stream ? 0 : Math.min(170, Math.max(84, Math.round(width * 0.16)));
  const top = layout.stream ? 0 : layout.across.length * LEVEL + 7;
  return { left, top, size, width: left + layout.columns * size, height: top + layout.rows * size };
}

// What the style sheet says, read once and again when light turns dark.
export function colours(element) {
  const style = getComputedStyle(element);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    paper: of("paper"), surface: of("surface"), line: of("line"), ink: of("ink"), quiet: of("quiet"), focus: of("accent"),
    cells: NAMES.map((name) => of(`cell-${name}`)), marks: NAMES.map((name) => of(`state-${name}`)), star: of("star"),
    font: style.fontFamily,
  };
}

// The visible rows and columns, ends excluded.
export function visible(layout, metrics, view) {
  const { size, left, top } = metrics;
  const span = (from, length, all) => [
    Math.max(0, Math.floor(from / size)), Math.min(all, Math.ceil((from + length) / size)),
  ];
  return { rows: span(view.y, view.height - top, layout.rows), columns: span(view.x, view.width - left, layout.columns) };
}

// Returns the indexes of the visible cells whose picture is wanted and not here yet.
export function paint(context, { layout, metrics, view, cells, thumbs, active, hover, palette }) {
  const { size, left, top } = metrics;
  const { rows, columns } = visible(layout, metrics, view);
  const wanted = [];
  let pictures = 0;
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, view.width, view.height);
  context.save();
  context.beginPath();
  context.rect(left, top, view.width - left, view.height - top);
  context.clip();
  const gap = size >= 40 ? 4 : size >= 14 ? 2 : size >= 6 ? 1 : 0;
  for (let row = rows[0]; row < rows[1]; row += 1) {
    for (let column = columns[0]; column < columns[1]; column += 1) {
      const index = layout.at(row, column);
      if (index < 0) continue;
      const x = Math.round(left + column * size - view.x), y = Math.round(top + row * size - view.y);
      const state = cells.at(index);
      const picture = size >= PICTURES_FROM && hasPicture(state) ? thumbs.at(index) : null;
      if (picture) { drawPicture(context, picture, x, y, size - gap); pictures += 1; } else {
        drawState(context, state, x, y, size - gap, palette);
        if (size >= PICTURES_FROM && hasPicture(state)) wanted.push(index);
      }
      if (state === STAR || state === REJECT) drawMark(context, state, x, y, size - gap, palette);
      if (index === active || index === hover) drawRing(context, index === active, x, y, size - gap, palette);
    }
  }
  context.restore();
  if (!layout.stream) drawLabels(context, { layout, metrics, view, rows, columns, palette });
  return { wanted, pictures };
}

function drawPicture(context, picture, x, y, side) {
  const { naturalWidth: w, naturalHeight: h } = picture;
  const cut = Math.min(w, h); // the middle square: a sheet of one rhythm, whatever the shapes
  context.drawImage(picture, (w - cut) / 2, (h - cut) / 2, cut, cut, x, y, side, side);
}

function drawState(context, state, x, y, side, palette) {
  if (state === EXCLUDED) {
    if (side < 8) return;
    context.fillStyle = palette.line;
    context.fillRect(x + side / 2 - 1, y + side / 2 - 1, 2, 2);
    return;
  }
  context.fillStyle = palette.cells[state];
  context.fillRect(x, y, side, side);
  if (side < 12 || state === PENDING || hasPicture(state)) return;
  const middleX = x + side / 2, middleY = y + side / 2, reach = Math.min(side / 5, 9);
  context.strokeStyle = context.fillStyle = palette.marks[state];
  context.lineWidth = Math.max(1.5, reach / 4);
  context.beginPath();
  if (state === REFUSED) { // a cross
    context.moveTo(middleX - reach, middleY - reach); context.lineTo(middleX + reach, middleY + reach);
    context.moveTo(middleX + reach, middleY - reach); context.lineTo(middleX - reach, middleY + reach);
    context.stroke();
  } else if (state === LEASED) { // a wedge: it runs
    context.moveTo(middleX - reach * 0.7, middleY - reach); context.lineTo(middleX + reach, middleY);
    context.lineTo(middleX - reach * 0.7, middleY + reach); context.fill();
  } else if (state === WAITING) { // a clock
    context.arc(middleX, middleY, reach, 0, 7); context.moveTo(middleX, middleY - reach * 0.6);
    context.lineTo(middleX, middleY); context.lineTo(middleX + reach * 0.5, middleY); context.stroke();
  }
}

function drawMark(context, state, x, y, side, palette) {
  if (state === REJECT) {
    context.fillStyle = palette.paper;
    context.globalAlpha = 0.72;
    context.fillRect(x, y, side, side);
    context.globalAlpha = 1;
    context.strokeStyle = palette.ink;
    context.lineWidth = Math.max(1, side / 40);
    context.beginPath();
    context.moveTo(x + side * 0.2, y + side * 0.8); context.lineTo(x + side * 0.8, y + side * 0.2);
    context.stroke();
    return;
  }
  const reach = Math.max(3, Math.min(11, side / 7)), middleX = x + side - reach - 3, middleY = y + reach + 3;
  context.beginPath();
  for (let k = 0; k < 10; k += 1) {
    const r = k % 2 ? reach * 0.45 : reach, turn = (Math.PI * k) / 5 - Math.PI / 2;
    context.lineTo(middleX + r * Math.cos(turn), middleY + r * Math.sin(turn));
  }
  context.closePath();
  context.fillStyle = palette.star;
  context.strokeStyle = "rgba(0,0,0,.65)";
  context.lineWidth = 1.5;
  context.stroke();
  context.fill();
}

function drawRing(context, strong, x, y, side, palette) {
  context.strokeStyle = palette.focus;
  context.lineWidth = strong ? 3 : 2;
  context.strokeRect(x + 1, y + 1, side - 2, side - 2);
}

function drawLabels(context, { layout, metrics, view, rows, columns, palette }) {
  const { size, left, top } = metrics;
  context.fillStyle = palette.paper;
  context.fillRect(0, 0, view.width, top);
  context.fillRect(0, 0, left, view.height);
  context.textBaseline = "middle";
  const every = Math.max(1, Math.ceil(16 / size)); // no label where lines would touch
  context.font = `12.5px ${palette.font}`;
  context.fillStyle = palette.ink;
  context.save();
  context.beginPath(); context.rect(0, top, left - 10, view.height); context.clip();
  for (let row = rows[0]; row < rows[1]; row += 1) {
    if (row % every) continue;
    write(context, layout.rowLabel(row), 0, top + (row + 0.5) * size - view.y, left - 12);
  }
  context.restore();
  context.save();
  context.beginPath(); context.rect(left, 0, view.width - left, top); context.clip();
  layout.across.forEach((level, line) => {
    const inner = line === layout.across.length - 1;
    context.font = `${inner ? "" : "600 "}12px ${palette.font}`;
    context.fillStyle = inner ? palette.quiet : palette.ink;
    if (level.repeat * size < 24) return;
    for (let column = Math.floor(columns[0] / level.repeat) * level.repeat; column < columns[1]; column += level.repeat) {
      const x = left + column * size - view.x, seen = Math.max(x, left); // a wide group's label stays in sight
      write(context, layout.columnLabel(level, column), seen, (line + 0.5) * LEVEL + 1, x + level.repeat * size - seen - 8);
    }
  });
  context.restore();
}

function write(context, text, x, y, width) {
  if (width < 10) return;
  let shown = text;
  if (context.measureText(shown).width > width) {
    const fits = Math.floor((text.length * width) / context.measureText(text).width);
    shown = `${text.slice(0, Math.max(1, fits - 1)).trimEnd()}…`;
  }
  context.fillText(shown, x, y);
}

