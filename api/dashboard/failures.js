// What failed, by cause: how often, an example in its own words, the remedy, the cells, and one button that tries again.
import { html, useEffect, useState } from "./view.js";
import { get, post } from "./http.js";
import { told } from "./layout.js";
import { maySubmit } from "./me.js";
import { Empty, Fault, Ghost, Said, attempt } from "./parts.js";
import { can } from "./states.js";
import { count, counted } from "./words.js";

export function Failures({ job, grid, refresh }) {
  const [state, setState] = useState({ groups: null, problem: null });
  useEffect(() => {
    get(`/v1/jobs/${job.id}/failures`).then((found) => setState({ groups: found.failures, problem: null }),
      (problem) => setState((old) => ({ ...old, problem })));
  }, [job.id, job.refused]);
  if (!job.refused) return html`<${Empty} title="Nothing was refused"><p>What cannot be made stands here by cause, with what to do about it.</p><//>`;
  const retry = (cause, n) => attempt(async () => { await post(`/v1/jobs/${job.id}/retry`, { causes: [cause] }); refresh(); return true; },
    `${counted(n, "variant")} will be tried again.`);
  return html`<section class="failures" aria-label="Failures">
    <${Fault} problem=${state.problem} />
    ${!state.groups && !state.problem && html`<${Ghost} lines=${3} tall />`}
    ${state.groups?.map((group) => html`<article key=${group.code} class="card failure" data-cause=${group.code}>
      <div class="row between wrap"><h2><span class="bad" aria-hidden="true">✕</span> ${count(group.count)} <span class="quiet">×</span> ${group.code.replaceAll("_", " ")}</h2>
        ${!maySubmit() ? "" : can.retry(job) ? html`<button class="plain" onClick=${() => retry(group.code, group.count)}>Retry ${count(group.count)}</button>`
          : html`<span class="quiet">can be tried again once the job is over</span>`}</div>
      <p><${Said}>${group.message}<//></p>
      ${group.remedy && html`<p class="remedy"><${Said}>${group.remedy}<//></p>`}
      <p class="quiet cells">${group.first.map((index) => html`<a key=${index} href=${`/jobs/${job.id}/${index}`}><bdi dir="auto">${grid ? told(grid, index) : `#${index}`}</bdi></a>`)}
        ${group.count > group.first.length && html`<a href=${`/jobs/${job.id}?show=refused`}>all ${count(group.count)}</a>`}</p>
    </article>`)}
  </section>`;
}
