// Numbers and times as people read them.
const number = new Intl.NumberFormat("en-GB");
export const count = (n) => (n === null || n === undefined ? "–" : number.format(n));
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function share(part, whole) {
  if (!whole) return "–";
  const percent = (100 * part) / whole;
  if (percent > 0 && percent < 1) return `${percent.toFixed(1)} %`;
  return `${Math.floor(percent)} %`;
}

export function span(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.round(hours / 24)} days`;
}

export function ago(at, now = Date.now() / 1000) {
  if (!at) return "–";
  const gone = now - at;
  return gone < 5 ? "just now" : `${span(gone)} ago`;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
export const timeOf = (at) => (at ? clock.format(at * 1000) : "–");
export const dateOf = (at) => (at ? day.format(at * 1000) : "–");

export function bytes(n) {
  if (!n) return "–";
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (n < 1000) return `${n < 10 && unit !== "B" ? n.toFixed(1) : Math.round(n)} ${unit}`;
    n /= 1000;
  }
  return `${n.toFixed(1)} TB`;
}

export const rate = (perMinute) => (perMinute === null || perMinute === undefined ? "–"
  : perMinute === 0 ? "0" : perMinute >= 10 ? number.format(Math.round(perMinute)) : perMinute.toFixed(1));
