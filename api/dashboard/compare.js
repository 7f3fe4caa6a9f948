// The init image and the result in one frame, with a line between them that can be dragged or moved by keys.
import { html, useState } from "./view.js";
import { Said } from "./parts.js";

const INSTEAD = {
  pending: "Nobody has begun this one yet.", leased: "A worker has it now.", waiting: "It will be tried again.",
  reaped: "Its lease was lost; it is given out again.", refused: "It has no picture.", excluded: "The spec leaves this cell out.",
};

export function Compare({ data, title }) {
  const [at, setAt] = useState(50);
  const [broken, setBroken] = useState("");
  const init = data.init_url && broken !== data.init_url ? data.init_url : null;
  if (!data.result_url) {
    return html`<div class="no-picture">
      ${init && html`<img src=${init} alt=${`init image of ${title}`} onError=${() => setBroken(init)} />`}
      <div><p>${INSTEAD[data.state] || data.state}</p>
        ${data.error ? html`<p><b>${data.error.code}</b>: <${Said}>${data.error.message}<//></p>${data.error.remedy && html`<p class="remedy"><${Said}>${data.error.remedy}<//></p>`}`
          : (data.sentences || []).map((sentence) => html`<p key=${sentence} class="quiet"><${Said}>${sentence}<//></p>`)}</div></div>`;
  }
  const result = html`<img src=${data.result_url} alt=${`result: ${title}`} width=${data.width} height=${data.height} />`;
  if (!init) return html`<div class="compare alone">${result}<p class="quiet">Its init image is not kept here, so there is nothing to compare with.</p></div>`;
  return html`<div class="compare">
    ${result}
    <img class="before" src=${init} alt=${`init image of ${title}`} style=${{ clipPath: `inset(0 ${100 - at}% 0 0)` }} onError=${() => setBroken(init)} />
    <span class="divide" style=${{ left: `${at}%` }} aria-hidden="true"></span>
    <span class="corner left" aria-hidden="true">before</span><span class="corner right" aria-hidden="true">after</span>
    <input type="range" min="0" max="100" value=${at} aria-label="How much of the init image is shown, from the left"
      aria-valuetext=${`${at} percent`} onInput=${(event) => setAt(Number(event.target.value))} onPointerUp=${(event) => event.target.blur()} />
  </div>`;
}
