// A text with line numbers, and what is wrong with it at the line where it is.
import { html, useRef } from "./view.js";
import { Said } from "./parts.js";

export function Editor({ id, label, text, problems, change, locked }) {
  const gutter = useRef(null), area = useRef(null);
  const count = text.replace(/\n$/, "").split("\n").length;
  const at = new Map(problems.filter((problem) => problem.line).map((problem) => [problem.line, problem]));
  const follow = (event) => { gutter.current.scrollTop = event.target.scrollTop; };
  const visit = (line) => {
    const start = text.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const end = text.indexOf("\n", start);
    area.current.focus();
    area.current.setSelectionRange(start, end < 0 ? text.length : end);
  };
  return html`<div class="editor">
    <label class="unseen" for=${id}>${label}</label>
    <div class="editor-text">
      <ol class="gutter" ref=${gutter} aria-hidden="true">${Array.from({ length: count }, (_, n) => html`<li key=${n} class=${at.has(n + 1) ? "wrong" : ""} title=${at.get(n + 1)?.message || ""}>${n + 1}</li>`)}</ol>
      <textarea id=${id} ref=${area} readonly=${locked} spellcheck=${false} autocapitalize="off" wrap="off" dir="ltr" value=${text} onScroll=${follow} onInput=${(event) => change(event.target.value)}
        aria-invalid=${problems.length > 0} aria-describedby=${problems.length ? `${id}-problems` : undefined}></textarea>
    </div>
    ${problems.length > 0 && html`<ul class="problems" id=${`${id}-problems`} role="status">${problems.slice(0, 30).map((problem, n) => html`<li key=${n}>
      ${problem.line ? html`<button class="plain small" onClick=${() => visit(problem.line)}>line ${problem.line}</button>` : ""}
      <span>${problem.path && html`<code><${Said}>${problem.path}<//></code> `}<${Said}>${problem.message}<//>${problem.value && html` (got <${Said}>${problem.value}<//>)`}
      ${problem.remedy && html` <span class="remedy"><${Said}>${problem.remedy}<//></span>`}</span></li>`)}</ul>`}
  </div>`;
}
