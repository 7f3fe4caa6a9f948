// Why a job, or one variant of it, is where it is: the ledger's own sentences.
import { html } from "./view.js";
import { usePoll } from "./poll.js";
import { Fault, Ghost, Said, State } from "./parts.js";

export function Why({ job }) {
  const { data, problem } = usePoll(`/v1/jobs/${job.id}/why`, 5);
  return html`<section aria-label="Why"><${Fault} problem=${problem} />
    ${data ? html`<h2 class="why-head">It is <${State} state=${job.state} />, because</h2>
      <ul class="sentences">${data.sentences.map((sentence) => html`<li key=${sentence}><${Said}>${sentence}<//></li>`)}
        ${!data.sentences.length && html`<li>work goes on as it should.</li>`}</ul>` : !problem && html`<${Ghost} lines=${3} />`}
  </section>`;
}
