// What happened to a job, newest first; runs of the same kind are one line, so that a night fits on a screen.
import { html } from "./view.js";
import { Empty, Said } from "./parts.js";
import { count, counted, timeOf } from "./words.js";

const WINDOW_S = 60;

// Pictures a minute over the last minute of events; null while nothing was settled.
export function rateOf(events, now = Date.now() / 1000) {
  const settled = events.filter((event) => event.kind === "settled");
  const last = settled.at(-1);
  if (!last || now - last.at > WINDOW_S) return null;
  const first = settled.find((event) => event.at >= now - WINDOW_S);
  const seconds = Math.max(1, now - first.at), before = events.findLast((event) => event.at < first.at && event.data.settled);
  return (60 * (Number(last.data.settled) - Number(before?.data.settled || 0))) / seconds;
}

const TOLD = {
  accepted: (data) => `accepted in the lane ${data.lane}`,
  queued: (data) => `planned: ${counted(Number(data.count), "variant")}`,
  started: (data) => `begun by ${data.worker}`,
  settled: (data, n) => `${counted(n, "batch", "batches")} stored: ${count(Number(data.settled))} of ${count(Number(data.count))} done`,
  refused: (data, n) => (n > 1 ? `${counted(n, "variant")} refused, ${data.code} at last: ${data.message}` : `variant ${data.index} refused, ${data.code}: ${data.message}`),
  postponed: (data, n) => (n > 1 ? `${counted(n, "variant")} will be tried again, ${data.code} at last: ${data.message}`
    : `variant ${data.index} will be tried again in ${Math.round(Number(data.delay_seconds))} s, ${data.code}: ${data.message}`),
  lost: (data) => `a lease of ${data.worker} ran out: variants ${data.first} to ${data.last} are given out again`,
  recovered: () => "brought back from storage",
  paused: (data) => `paused: ${data.reason}`,
  resumed: (data) => (Number(data.reopened) ? `going on, ${counted(Number(data.reopened), "refused variant")} reopened` : "going on"),
  moved: (data) => `moved to the lane ${data.lane}`,
  finished: (data) => `finished: ${data.state}, ${count(Number(data.settled))} done, ${count(Number(data.refused))} refused${data.reason ? ` (${data.reason})` : ""}`,
  hooked: (data) => `webhook ${data.state} after ${counted(Number(data.attempts), "try", "tries")}${data.message ? `: ${data.message}` : ""}`,
  written: () => "results, errors and contact sheet are stored",
};
const RUNS = new Set(["settled", "refused", "postponed"]);

export function grouped(events) {
  const lines = [];
  for (const event of events) {
    const last = lines.at(-1);
    if (last && last.kind === event.kind && RUNS.has(event.kind)) {
      Object.assign(last, { n: last.n + 1, data: event.data, until: event.at });
    } else lines.push({ kind: event.kind, data: event.data, at: event.at, until: event.at, id: event.id, n: 1 });
  }
  return lines.reverse();
}

export function Timeline({ job, events }) {
  if (!events.length) return html`<${Empty} title="Nothing to tell yet"><p>What happens to the job appears here.</p><//>`;
  return html`<section aria-label="Timeline"><ol class="timeline">${grouped(events).slice(0, 300).map((line) => html`<li key=${line.id} data-kind=${line.kind}>
    <time datetime=${new Date(line.at * 1000).toISOString()}>${timeOf(line.at)}${line.n > 1 ? `–${timeOf(line.until)}` : ""}</time>
    <${Said} as="span">${(TOLD[line.kind] || (() => line.kind))(line.data, line.n)}<//></li>`)}</ol>
    ${events.length >= 2000 && html`<p class="quiet">Older events of a long job are not kept.</p>`}
    <p class="quiet">The same in a terminal: <code>./pentimento watch ${job.id}</code></p></section>`;
}
