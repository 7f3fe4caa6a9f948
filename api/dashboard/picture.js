// One picture, large, beside what it was made from; arrow keys walk the sweep, marks are kept on the server.
import { html, useEffect, useRef, useState } from "./view.js";
import { go, query } from "./url.js";
import { get, post, put } from "./http.js";
import { Compare } from "./compare.js";
import { Facts } from "./facts.js";
import { maySubmit } from "./me.js";
import { choiceOf } from "./sweep.js";
import { coordinatesOf, labelOf, movingAxes, nameOf, stepFrom, told } from "./layout.js";
import { Fault, Ghost, Said, ask, attempt, say } from "./parts.js";

// Which arrow keys move along which axis: first those of the sheet, with Shift the next two.
export function keysOf(grid, asked) {
  const choice = choiceOf(grid, asked), axes = movingAxes(grid);
  const down = axes.find((axis) => axis.key === choice.y) || (axes.length > 1 ? axes[0] : null);
  const across = axes.find((axis) => axis.key === choice.x && axis !== down) || axes.find((axis) => axis !== down);
  const rest = axes.filter((axis) => axis !== down && axis !== across);
  return new Map([[across, "← →"], [down, "↑ ↓"], [rest[0], "Shift ← →"], [rest[1], "Shift ↑ ↓"]].filter(([axis]) => axis));
}

const TURN = { ArrowLeft: ["← →", -1], ArrowRight: ["← →", 1], ArrowUp: ["↑ ↓", -1], ArrowDown: ["↑ ↓", 1] };

export function Picture({ id, index }) {
  const [grid, setGrid] = useState(null);
  const [state, setState] = useState({ index: -1, data: null, problem: null });
  useEffect(() => { get(`/v1/jobs/${id}/grid`).then(setGrid, (problem) => setState((old) => ({ ...old, problem }))); }, [id]);
  const load = async (gone = () => false) => {
    try {
      const data = await get(`/v1/jobs/${id}/variants/${index}`);
      if (!gone()) setState({ index, data, problem: null });
    } catch (problem) {
      if (!gone()) setState((old) => ({ ...old, problem }));
    }
  };
  useEffect(() => { let gone = false; load(() => gone); return () => { gone = true; }; }, [id, index]);
  const open = state.data && !["settled", "refused", "excluded"].includes(state.data.state);
  useEffect(() => {
    if (!open) return undefined;
    const timer = setInterval(() => { if (!document.hidden) load(); }, 2000);
    return () => clearInterval(timer);
  }, [id, index, open]);

  const rest = query.value.toString(), back = `/jobs/${id}${rest ? `?${rest}` : ""}`;
  const step = (axis, by) => {
    const next = grid && axis ? stepFrom(grid, index, axis, by) : null;
    if (next !== null) go(`/jobs/${id}/${next}${rest ? `?${rest}` : ""}`, { replace: true });
  };
  const mark = (word) => attempt(async () => {
    const wanted = state.data.mark === word ? null : word;
    await put(`/v1/jobs/${id}/variants/${index}/mark`, { mark: wanted });
    setState((old) => ({ ...old, data: { ...old.data, mark: wanted } }));
    return wanted;
  }, (wanted) => (wanted === "star" ? "Starred." : wanted === "reject" ? "Rejected." : "No longer marked."));
  const reroll = async () => {
    const sure = await ask({ title: "Reroll this cell?", yes: "Reroll it", text: "A new job gives this cell another seed and links every other picture of this one." });
    if (!sure) return;
    const job = await attempt(async () => post("/v1/jobs", await get(`/v1/jobs/${id}/variants/${index}/spec?like=reroll`)));
    if (job) { say("A new job makes it."); go(`/jobs/${job.id}`); }
  };

  const keys = useRef(() => {});
  keys.current = (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target.closest?.("input, select, textarea, dialog")) return;
    const turn = TURN[event.key];
    if (turn && grid) {
      const found = [...keysOf(grid, query.value)].find(([, said]) => said === (event.shiftKey ? `Shift ${turn[0]}` : turn[0]));
      if (found) { event.preventDefault(); step(found[0], turn[1]); }
    } else if (event.key === "Escape") go(back);
    else if (state.data?.state !== "settled" || !maySubmit()) return;
    else if (event.key === "s") mark("star");
    else if (event.key === "x") mark("reject");
  };
  useEffect(() => {
    const hear = (event) => keys.current(event);
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, []);

  const { data, problem } = state;
  const title = grid ? told(grid, index) : `#${index}`;
  document.title = `${title} · pentimento`;
  return html`<main class="page wide picture">
    <div class="row between wrap"><div><p class="crumbs"><a href="/jobs">Jobs</a> / <a href=${back}><${Said}>${grid?.name || "the job"}<//></a></p>
      <h1 tabindex="-1"><${Said}>${title}<//></h1></div></div>
    <${Fault} problem=${problem} />
    ${data ? html`<div class="picture-parts"><div class="stage" data-mark=${data.mark || ""}><${Compare} data=${data} title=${title} /></div>
      <aside><${Marks} data=${data} mark=${mark} reroll=${reroll} id=${id} index=${index} />
        ${grid && html`<${Axes} grid=${grid} index=${index} step=${step} />`}<${Facts} data=${data} /></aside></div>`
      : !problem && html`<${Ghost} lines=${6} tall />`}
  </main>`;
}

function Marks({ data, mark, reroll, id, index }) {
  if (data.state === "excluded") return null;
  const made = data.state === "settled", may = maySubmit();
  return html`<div class="row wrap marks" role="group" aria-label="This picture">
    ${made && may && html`<button class="plain" aria-pressed=${data.mark === "star"} onClick=${() => mark("star")}><span class="star" aria-hidden="true">★</span> Star <kbd>s</kbd></button>
      <button class="plain" aria-pressed=${data.mark === "reject"} onClick=${() => mark("reject")}><span aria-hidden="true">⊘</span> Reject <kbd>x</kbd></button>`}
    ${may && html`<button class="plain" onClick=${reroll}>Reroll this cell…</button>
      <a class="button plain" href=${`/submit?from=${id}&cell=${index}&like=more`}>More like this</a>`}
    ${made && data.result_url && html`<a class="button plain" href=${`/v1/jobs/${id}/variants/${index}/picture?download=1`} download=${data.download_name}>Download</a>`}
  </div>`;
}

function Axes({ grid, index, step }) {
  const at = coordinatesOf(grid, index), keys = keysOf(grid, query.value);
  if (!at) return html`<p class="quiet">An included cell: it lies beside the axes.</p>`;
  return html`<ul class="axes" aria-label="Along the axes">${movingAxes(grid).map((axis) => {
    const k = at[grid.axes.indexOf(axis)];
    return html`<li key=${axis.key}><span class="quiet">${nameOf(axis)} ${keys.has(axis) && html`<kbd>${keys.get(axis)}</kbd>`}</span>
      <div class="row"><button class="plain small" aria-label=${`${nameOf(axis)}: the one before`} disabled=${k === 0} onClick=${() => step(axis, -1)}>‹</button>
      <${Said}>${labelOf(axis, k)}<//>
      <button class="plain small" aria-label=${`${nameOf(axis)}: the next one`} disabled=${k === axis.size - 1} onClick=${() => step(axis, 1)}>›</button>
      <span class="quiet">${k + 1} / ${axis.size}</span></div></li>`;
  })}</ul>`;
}
