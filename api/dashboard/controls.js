// What can be done about a job; whatever cannot be undone says first what it would touch.
import { html } from "./view.js";
import { post } from "./http.js";
import { maySubmit } from "./me.js";
import { ask, attempt } from "./parts.js";
import { can } from "./states.js";
import { count, counted } from "./words.js";

export function Controls({ job, refresh }) {
  const at = `/v1/jobs/${job.id}`;
  const act = (verb, body, done) => attempt(async () => { await post(`${at}/${verb}`, body); refresh(); return true; }, done);
  const cancel = async () => {
    const sure = await ask({
      title: "Cancel this job?", yes: "Cancel the job", grave: true,
      text: `${counted(job.settled, "picture")} stay${job.settled === 1 ? "s" : ""}; ${counted(job.open, "variant")} will not be made.`,
    });
    if (sure) act("cancel", undefined, "Cancelled. What was done stays.");
  };
  if (!maySubmit()) return null;
  return html`<div class="row wrap controls" role="group" aria-label="Controls">
    ${can.pause(job) && html`<button class="plain" onClick=${() => act("pause", undefined, "Paused: no new work begins.")}>Pause</button>`}
    ${can.resume(job) && html`<button class="main" onClick=${() => act("resume", {}, "Going on.")}>Resume</button>`}
    ${can.retry(job) && html`<button class="plain" onClick=${() => act("retry", {}, `${counted(job.refused, "variant")} will be tried again.`)}>Retry ${count(job.refused)} refused</button>`}
    ${can.move(job) && html`<label class="row">Lane <select value=${job.lane} onChange=${(event) => act("priority", { lane: event.target.value }, `Moved to the lane ${event.target.value}.`)}>
      ${["urgent", "normal", "background"].map((lane) => html`<option key=${lane} value=${lane}>${lane}</option>`)}</select></label>`}
    <a class="button plain" href=${`/submit?from=${job.id}`}>Duplicate</a>
    ${can.cancel(job) && html`<button class="plain danger" onClick=${cancel}>Cancel…</button>`}
  </div>`;
}

// What lies in storage once the job is written; until then only what it was asked.
export function Downloads({ job }) {
  const at = `/v1/jobs/${job.id}`;
  return html`<p class="downloads quiet">Download
    ${job.written && html`<a href=${`${at}/files/results`} download>results.jsonl</a>
      ${job.refused > 0 && html`<a href=${`${at}/files/errors`} download>errors.jsonl</a>`}
      ${job.settled > 0 && html`<a href=${`${at}/sheet?download=1`} download>contact sheet</a>`}`}
    <a href=${`${at}/manifest`} download=${`${job.id}.json`}>manifest</a>
    ${job.written && html`<span>or <code>./pentimento results ${job.id} --download pictures/</code></span>`}</p>`;
}
