// Who renders: device, model, what is in flight, how fast, what went wrong last; and the switch that empties a worker.
import { html } from "./view.js";
import { post } from "./http.js";
import { mayOperate } from "./me.js";
import { usePoll } from "./poll.js";
import { Command, Empty, Fault, Ghost, Said, ask, attempt } from "./parts.js";
import { ago, bytes, count, rate, span } from "./words.js";

export function Workers() {
  const { data, problem, refresh } = usePoll("/v1/workers", 2);
  document.title = "Workers · pentimento";
  return html`<main class="page"><h1 tabindex="-1">Workers</h1><${Fault} problem=${problem} />
    ${!data && !problem && html`<${Ghost} lines=${3} tall />`}
    ${data && !data.workers.length && html`<${Empty} title="No worker is there"><p>A worker renders on one device. Start one on each machine with a GPU, pointed at this farm's Redis and storage:</p>
      <${Command}>./pentimento worker<//><p class="quiet">./pentimento doctor says what a machine lacks.</p><//>`}
    ${data && html`<ul class="cards workers">${data.workers.map((worker) => html`<${Worker} key=${worker.id} worker=${worker} refresh=${refresh} />`)}</ul>`}
  </main>`;
}

// A few lines for the overview, which goes on to the whole page.
export const WorkerLine = ({ worker }) => html`<li class="card worker-line">
  <div class="row between"><a class="title" href="/workers"><${Said}>${worker.id}<//></a><${Doing} worker=${worker} /></div>
  <${Kind} worker=${worker} /><${Memory} worker=${worker} /></li>`;

function Doing({ worker }) {
  const word = worker.drained ? "drained" : worker.busy ? "busy" : "idle";
  return html`<span class="state" data-state=${{ busy: "running", idle: "queued", drained: "paused" }[word]}>
    <span class="glyph" aria-hidden="true">${{ busy: "▶", idle: "○", drained: "‖" }[word]}</span>${word}</span>`;
}

const Kind = ({ worker }) => html`<p class="quiet dots"><${Said}>${worker.device_name || worker.device}<//><span>${worker.backend}</span>
  <${Said}>${worker.models.join(", ") || "no model"}<//></p>`;

function Memory({ worker }) {
  if (!worker.memory_total) return null;
  const said = `${bytes(worker.memory_used)} of ${bytes(worker.memory_total)}`;
  return html`<div class="meter"><div class="bar slim" role="img" aria-label=${`memory: ${said}`}>
    <span data-part="leased" style=${{ width: `${(100 * worker.memory_used) / worker.memory_total}%` }}></span></div><p class="quiet">${said} memory</p></div>`;
}

function Worker({ worker, refresh }) {
  const at = `/v1/workers/${encodeURIComponent(worker.id)}`;
  const drain = async () => {
    const sure = await ask({ title: "Let this worker run empty?", yes: "Drain it", text: [worker.id, "It finishes what is in flight, gives the rest back and takes no more work until it is resumed."] });
    if (sure) attempt(async () => { await post(`${at}/drain`); refresh(); return true; }, "It takes no more work.");
  };
  const resume = () => attempt(async () => { await post(`${at}/resume`); refresh(); return true; }, "It takes work again.");
  return html`<li class="card worker" data-worker=${worker.id}>
    <div class="row between"><h2 class="title"><${Said}>${worker.id}<//></h2><${Doing} worker=${worker} /></div>
    <${Kind} worker=${worker} />
    <dl class="legend">
      <div><dt>a minute</dt><dd>${rate(worker.images_per_minute)}</dd></div>
      <div><dt>in flight</dt><dd>${count(worker.in_flight ?? worker.busy)}</dd></div>
      <div><dt>places</dt><dd>${count(worker.busy)} / ${count(worker.slots)}</dd></div>
      <div><dt>made</dt><dd>${count(worker.rendered)}</dd></div>
      <div><dt>seen</dt><dd>${ago(worker.seen_at)}</dd></div>
    </dl>
    <${Memory} worker=${worker} />
    ${Object.entries(worker.loading ?? {}).map(([alias, size]) => html`<p class="quiet" key=${alias}>loads <${Said}>${alias}<//>${size > 0 && `, ${bytes(size)} so far`}</p>`)}
    ${worker.chunks?.length > 0 && html`<ul class="chunks">${worker.chunks.map((chunk) => html`<li key=${`${chunk.job}-${chunk.first}`}>
      <a href=${`/jobs/${chunk.job}`}>${chunk.job.slice(-6)}</a> ${count(chunk.first)}–${count(chunk.last)} <span class="quiet">${count(chunk.in_flight)} in flight, ${span(chunk.held_s)}</span></li>`)}</ul>`}
    ${worker.other_chunks > 0 && html`<p class="quiet">and ${count(worker.other_chunks)} of other callers</p>`}
    ${worker.last_error && html`<p class="last-error"><span class="bad" aria-hidden="true">✕</span><span><span class="unseen">Last error: </span><${Said}>${worker.last_error.message || worker.last_error.code}<//> <span class="quiet">${ago(worker.last_error.at)}</span></span></p>`}
    ${mayOperate() && html`<div class="row end">${worker.drained ? html`<button class="main" onClick=${resume}>Resume</button>` : html`<button class="plain" onClick=${drain}>Drain…</button>`}</div>`}
  </li>`;
}
