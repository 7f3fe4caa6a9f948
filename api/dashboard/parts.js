// The small parts that every page is built of: states, bars, problems, empty places, questions.
import { html, signal, useEffect, useRef, useState } from "./view.js";
import { seesAll } from "./me.js";
import { GLYPHS } from "./states.js";
import { count, share } from "./words.js";

export const State = ({ state }) => html`<span class="state" data-state=${state}>
  <span class="glyph" aria-hidden="true">${GLYPHS[state] || "·"}</span>${state}</span>`;

// What the user wrote may run either way; `auto` lets each text decide for itself.
export const Said = ({ children, as = "bdi", ...rest }) => html`<${as} dir="auto" ...${rest}>${children}<//>`;

export const Labels = ({ labels = {} }) => (Object.keys(labels).length > 0 ? html`<p class="tags">${Object.entries(labels).map(([name, value]) => html`<a
  key=${name} class="tag" href=${`/jobs?label=${encodeURIComponent(`${name}=${value}`)}`}><${Said}>${name}: ${value}<//></a>`)}</p>` : null);

// Whose job it is, for those who see everybody's; a step from there to all of that caller's.
export const Of = ({ job }) => (seesAll() ? html`<a class="quiet" href=${`/jobs?caller=${encodeURIComponent(job.caller)}`} aria-label=${`of ${job.caller}: only these`}>${job.caller}</a>` : null);

// A job's variants as one bar. The numbers stand beside it, so the bar itself is a picture for those who see it.
export function Progress({ job, slim = false }) {
  const begun = job.leased || 0, waiting = job.waiting || 0, whole = Math.max(1, job.count);
  const parts = [["settled", job.settled], ["refused", job.refused], ["leased", begun], ["waiting", waiting]];
  const label = `${count(job.settled)} of ${count(job.count)} done, ${count(job.refused)} refused`;
  return html`<div class=${`bar ${slim ? "slim" : ""}`} role="img" aria-label=${label}>
    ${parts.map(([name, n]) => n > 0 && html`<span key=${name} data-part=${name} style=${{ width: `${(100 * n) / whole}%` }}></span>`)}
  </div>`;
}

export const Legend = ({ job }) => html`<dl class="legend">
  ${[["settled", "done", job.settled], ["refused", "refused", job.refused], ["leased", "in work", job.leased],
    ["waiting", "to be tried again", job.waiting], ["pending", "not begun", Math.max(0, job.open - job.leased - job.waiting)]]
    .map(([part, word, n]) => (n > 0 || part === "settled") && html`<div key=${part}>
      <dt><span class="swatch" data-part=${part} aria-hidden="true"></span>${word}</dt>
      <dd>${count(n)}${part === "settled" && job.count ? html` <small>${share(n, job.count)}</small>` : ""}</dd></div>`)}
</dl>`;

export const Fault = ({ problem, children }) => problem && html`<div class="fault" role="alert">
  <p><${Said}>${problem.detail || problem.message || "Something went wrong."}<//></p>
  ${problem.remedy && html`<p class="quiet"><${Said}>${problem.remedy}<//></p>`}
  ${children}
</div>`;

export const Empty = ({ title, children }) => html`<div class="empty"><h2>${title}</h2>${children}</div>`;

export const Ghost = ({ lines = 3, tall = false }) => html`<div class=${`ghost ${tall ? "tall" : ""}`} role="status" aria-busy="true">
  <b class="unseen">Loading</b>${Array.from({ length: lines }, (_, n) => html`<span key=${n}></span>`)}</div>`;

export function Copy({ text }) {
  const [word, setWord] = useState("Copy");
  const copy = async () => {
    // A browser gives the clipboard to https and to this machine only.
    setWord(await (navigator.clipboard?.writeText(String(text)) ?? Promise.reject()).then(() => "Copied", () => "Not allowed here"));
    setTimeout(() => setWord("Copy"), 1500);
  };
  return html`<button class="plain small" onClick=${copy}>${word}</button>`;
}

// A command to type, with a button that copies it.
export const Command = ({ children: text }) => html`<div class="command"><code>${text}</code><${Copy} text=${text} /></div>`;

// One question at a time, over everything; `ask` resolves to whether it was answered with yes.
const question = signal(null);
export const ask = (what) => new Promise((resolve) => { question.value = { ...what, resolve }; });

export function Question() {
  const box = useRef(null), now = question.value;
  useEffect(() => { if (now && !box.current.open) box.current.showModal(); }, [now]);
  if (!now) return null;
  const answer = (yes) => { question.value = null; now.resolve(yes); };
  return html`<dialog ref=${box} aria-labelledby="question" onCancel=${(event) => { event.preventDefault(); answer(false); }}>
    <h2 id="question">${now.title}</h2>
    ${[now.text].flat().filter(Boolean).map((line) => html`<p key=${line}><${Said}>${line}<//></p>`)}
    <div class="row end">
      <button class="plain" onClick=${() => answer(false)}>${now.no || "Leave it"}</button>
      <button class=${now.grave ? "grave" : "main"} autofocus onClick=${() => answer(true)}>${now.yes}</button>
    </div></dialog>`;
}

// A word at the foot of the window about what has just been done; read aloud, gone by itself.
const notice = signal(null);
let fading = 0;
export function say(text, { grave = false } = {}) {
  notice.value = { text, grave };
  clearTimeout(fading);
  fading = setTimeout(() => { notice.value = null; }, grave ? 9000 : 4000);
}
export const Notice = () => html`<div class="notices" role="status" aria-label="Notices">
  ${notice.value && html`<p class=${notice.value.grave ? "grave" : ""}><${Said}>${notice.value.text}<//></p>`}</div>`;

// Runs what a button does; a failure is said with its remedy.
export async function attempt(work, done) {
  try {
    const value = await work();
    if (done) say(typeof done === "function" ? done(value) : done);
    return value;
  } catch (problem) {
    say([problem.detail || problem.message, problem.remedy].filter(Boolean).join(" "), { grave: true });
    return undefined;
  }
}

