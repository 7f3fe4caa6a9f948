// Picks the page by the URL and draws what surrounds it.
import { html, render, useEffect } from "./view.js";
import { path } from "./url.js";
import { call, leaveFor } from "./http.js";
import { maySubmit, me } from "./me.js";
import { Notice, Question, Said, attempt } from "./parts.js";
import { Overview } from "./overview.js";
import { Jobs } from "./jobs.js";
import { Job } from "./job.js";
import { Picture } from "./picture.js";
import { Submit } from "./submit.js";
import { Workers } from "./workers.js";

const PAGES = [
  [/^\/$/, () => html`<${Overview} />`],
  [/^\/jobs$/, () => html`<${Jobs} />`],
  [/^\/jobs\/([^/]+)$/, (id) => html`<${Job} key=${id} id=${id} />`],
  [/^\/jobs\/([^/]+)\/(\d+)$/, (id, index) => html`<${Picture} key=${id} id=${id} index=${Number(index)} />`],
  [/^\/submit$/, () => html`<${Submit} />`],
  [/^\/workers$/, () => html`<${Workers} />`],
];
const LINKS = [["/", "Overview"], ["/jobs", "Jobs"], ["/workers", "Workers"]];

function Page() {
  for (const [shape, page] of PAGES) {
    const found = shape.exec(path.value);
    if (found) return page(...found.slice(1));
  }
  return html`<main><h1>Nothing here</h1><p>No page has this address. <a href="/">Overview</a></p></main>`;
}

function Who() {
  if (!me.value?.keys_required) return null;
  const leave = () => attempt(async () => { await call("/logout", { method: "POST" }); leaveFor("/login"); });
  return html`<span class="who quiet"><${Said}>${me.value.caller}<//> <button class="plain small" onClick=${leave}>Log out</button></span>`;
}

let moved = false;

function App() {
  const at = path.value;
  // After a change of page a screen reader should begin at its heading, not at the end of the old one.
  useEffect(() => {
    if (moved) document.querySelector("main h1")?.focus({ preventScroll: true });
    moved = true;
  }, [at]);
  const here = (href) => (href === "/" ? at === "/" : at.startsWith(href));
  return html`<a class="skip" href="#main">To the content</a>
    <header class="top">
      <a class="word" href="/" aria-label="pentimento, overview"><img src="/ui/icon.svg" alt="" width="22" height="22" /><span>pentimento</span></a>
      <nav aria-label="Pages">${LINKS.map(([href, word]) => html`<a key=${href} href=${href} aria-current=${here(href) ? "page" : undefined}>${word}</a>`)}</nav>
      <${Who} />
      ${maySubmit() && html`<a class="button main" href="/submit" aria-current=${here("/submit") ? "page" : undefined}>New job</a>`}
    </header>
    <div id="main"><${Page} /></div>
    <footer><a href="/docs">HTTP API</a><a href="/v1/schema">Schema of a job</a><a href="/readyz">Readiness</a></footer>
    <${Question} /><${Notice} />`;
}

const root = document.getElementById("app");
root.textContent = "";
render(html`<${App} />`, root);
