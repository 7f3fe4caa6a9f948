// All jobs: found by filters that are the URL, and acted upon together after a look at what that would touch.
import { html, useEffect, useState } from "./view.js";
import { choose, go, query, withQuery } from "./url.js";
import { get, post } from "./http.js";
import { maySubmit, seesAll } from "./me.js";
import { usePoll } from "./poll.js";
import { Strip } from "./strip.js";
import { Command, Empty, Fault, Ghost, Labels, Of, Progress, Said, State, ask, attempt } from "./parts.js";
import { GLYPHS, JOB_STATES } from "./states.js";
import { ago, count, counted } from "./words.js";

const PAGE = 30;

function filters() {
  const asked = new URLSearchParams();
  for (const name of ["state", "text", "caller"]) if (query.value.get(name)) asked.set(name, query.value.get(name));
  for (const label of query.value.getAll("label")) asked.append("label", label);
  return asked;
}

export function Jobs() {
  const asked = filters(), key = asked.toString();
  const { data, problem, refresh } = usePoll(`/v1/jobs?${key}${key ? "&" : ""}limit=${PAGE}`, 3);
  const [more, setMore] = useState({ key, jobs: [], cursor: null });
  const [chosen, setChosen] = useState(new Set());
  useEffect(() => { setChosen(new Set()); setMore({ key, jobs: [], cursor: null }); }, [key]);
  document.title = "Jobs · pentimento";
  const first = data?.jobs || [], seen = new Set(first.map((job) => job.id));
  const jobs = [...first, ...(more.key === key ? more.jobs.filter((job) => !seen.has(job.id)) : [])];
  const cursor = more.jobs.length ? more.cursor : data?.next_cursor;
  const further = () => attempt(async () => {
    const page = await get(`/v1/jobs?${key}${key ? "&" : ""}limit=${PAGE}&cursor=${encodeURIComponent(cursor)}`);
    setMore({ key, jobs: [...more.jobs, ...page.jobs], cursor: page.next_cursor });
  });
  const toggle = (id) => setChosen((old) => { const next = new Set(old); next.delete(id) || next.add(id); return next; });
  return html`<main class="page">
    <h1 tabindex="-1">Jobs</h1>
    <${Filters} counts=${data?.counts} counted=${data?.counted} />
    <${Fault} problem=${problem} />
    ${data && html`<${Bulk} chosen=${chosen} jobs=${jobs} asked=${asked} counts=${data.counts} all=${() => setChosen(new Set(jobs.map((job) => job.id)))}
      none=${() => setChosen(new Set())} refresh=${refresh} />`}
    ${!data && !problem && html`<${Ghost} lines=${6} tall />`}
    ${data && (jobs.length ? html`<ul class="jobs">${jobs.map((job) => html`<${Line} key=${job.id} job=${job}
        chosen=${chosen.has(job.id)} toggle=${() => toggle(job.id)} />`)}</ul>`
      : html`<${Nothing} filtered=${Boolean(key)} />`)}
    ${data && cursor && html`<p><button class="plain" onClick=${further}>Show older jobs</button></p>`}
  </main>`;
}

function Filters({ counts, counted: whole }) {
  const state = query.value.get("state") || "", text = query.value.get("text") || "";
  const labels = query.value.getAll("label"), caller = query.value.get("caller") || "";
  const all = counts ? Object.values(counts).reduce((sum, n) => sum + n, 0) : null;
  const without = (gone) => {
    const next = new URLSearchParams(query.value);
    next.delete("label");
    labels.filter((label) => label !== gone).forEach((label) => next.append("label", label));
    return `/jobs${next.toString() ? `?${next}` : ""}`;
  };
  return html`<div class="filters">
    <nav class="chips" aria-label="Filter by state">
      <a href=${withQuery({ state: "" })} aria-current=${state ? undefined : "true"}>All <b>${all === null ? "" : count(all)}</b></a>
      ${JOB_STATES.filter((name) => name === state || !counts || counts[name]).map((name) => html`<a key=${name} href=${withQuery({ state: name })}
        aria-current=${name === state ? "true" : undefined}><span class="glyph" data-state=${name} aria-hidden="true">${GLYPHS[name]}</span>
        ${name} <b>${counts ? count(counts[name] || 0) : ""}</b></a>`)}
    </nav>
    <form class="search" role="search" onSubmit=${(event) => event.preventDefault()}>
      <label class="unseen" for="text">Search names and ids</label>
      <input id="text" type="search" placeholder="Search names and ids" value=${text} dir="auto"
        onInput=${(event) => choose({ text: event.target.value }, { replace: true })} />
      <label class="unseen" for="label">Filter by label</label>
      <input id="label" type="text" placeholder="label, or label=value" dir="auto" onChange=${(event) => {
        if (!event.target.value.trim()) return;
        const next = new URLSearchParams(query.value);
        next.append("label", event.target.value.trim());
        event.target.value = "";
        go(`/jobs?${next}`);
      }} />
      ${seesAll() && html`<label class="unseen" for="caller">Filter by caller</label>
        <input id="caller" type="text" placeholder="caller" value=${caller} autocapitalize="off" spellcheck=${false}
          onChange=${(event) => choose({ caller: event.target.value.trim() })} />`}
    </form>
    ${(labels.length > 0 || caller) && html`<p class="chips">${caller && html`<a key="caller" href=${withQuery({ caller: "" })} aria-label=${`Remove the caller ${caller}`}>
      of <${Said}>${caller}<//> <span aria-hidden="true">×</span></a>`}${labels.map((label) => html`<a key=${label} href=${without(label)} aria-label=${`Remove the label ${label}`}>
      <${Said}>${label}<//> <span aria-hidden="true">×</span></a>`)}</p>`}
    ${whole === false && html`<p class="quiet">There are more than 20,000 jobs; the numbers are of the newest.</p>`}
  </div>`;
}

const LANES = ["urgent", "normal", "background"];
const ACTIONS = [["pause", "Pause"], ["resume", "Resume"], ["retry", "Retry refused"], ["cancel", "Cancel"]];
const WARNINGS = { cancel: "What is done stays; what is not done will not be made." };

function Bulk({ chosen, jobs, asked, counts, all, none, refresh }) {
  const [scope, setScope] = useState("chosen");
  const state = asked.get("state");
  const matching = counts ? (state ? counts[state] || 0 : Object.values(counts).reduce((sum, n) => sum + n, 0)) : 0;
  if (!jobs.length || !maySubmit()) return null;
  const act = (action, word, lane) => attempt(async () => {
    const where = { state: state || null, labels: asked.getAll("label"), text: asked.get("text") || "", caller: asked.get("caller") || "" };
    const target = scope === "all" ? { where } : { ids: [...chosen] };
    const look = await post("/v1/jobs/bulk", { action, lane, ...target, dry_run: true });
    const deed = lane ? `Move ${counted(look.possible, "job")} to ${lane}` : `${word} ${counted(look.possible, "job")}`;
    const sure = await ask({
      title: `${deed}?`,
      text: [`${look.scope}: ${counted(look.matched, "job")}, of which ${count(look.possible)} can be.`, WARNINGS[action]],
      yes: deed, grave: action === "cancel",
    });
    if (!sure) return null;
    const told = await post("/v1/jobs/bulk", { action, lane, ...target, dry_run: false, expected: look.matched });
    none();
    refresh();
    return told;
  }, (told) => told && `${word}: ${counted(told.done, "job")}${told.failed.length ? `, ${count(told.failed.length)} failed: ${told.failed[0].message}` : "."}`);
  const ready = scope === "all" ? matching > 0 : chosen.size > 0;
  return html`<div class="bulk row" role="group" aria-label="Act on several jobs">
    <label><input type="checkbox" checked=${chosen.size === jobs.length && jobs.length > 0}
      onChange=${(event) => (event.target.checked ? all() : none())} /> ${chosen.size ? `${count(chosen.size)} chosen` : "Choose all shown"}</label>
    ${(chosen.size > 0 || scope === "all") && html`
      <label class="row">Scope <select value=${scope} onChange=${(event) => setScope(event.target.value)}>
        <option value="chosen">the ${count(chosen.size)} chosen</option>
        <option value="all">all ${count(matching)} that match the filter</option></select></label>
      ${ACTIONS.map(([action, word]) => html`<button key=${action} class="plain small" disabled=${!ready} onClick=${() => act(action, word)}>${word}…</button>`)}
      <label class="row">Lane <select value="" disabled=${!ready} onChange=${(event) => { const { value } = event.target; event.target.value = ""; act("priority", `To ${value}`, value); }}>
        <option value="">move to…</option>${LANES.map((lane) => html`<option key=${lane} value=${lane}>${lane}</option>`)}</select></label>`}
  </div>`;
}

function Line({ job, chosen, toggle }) {
  return html`<li class="job">
    ${maySubmit() ? html`<input type="checkbox" checked=${chosen} onChange=${toggle} aria-label=${`Choose ${job.name || job.id}`} />` : html`<span></span>`}
    <${Strip} job=${job} most=${4} />
    <div class="job-words">
      <a class="title" href=${`/jobs/${job.id}`}><${Said}>${job.name || job.id}<//></a>
      <p class="quiet dots"><${State} state=${job.state} />${job.reason && html`<${Said}>${job.reason}<//>`}<span>${ago(job.created_at)}</span>
        <${Of} job=${job} /><${Said}>${job.models.join(", ")}<//>${job.lane !== "normal" && html`<span>${job.lane}</span>`}</p>
      <${Labels} labels=${job.labels} />
    </div>
    <div class="job-counts"><${Progress} job=${job} slim />
      <p class="quiet">${count(job.settled)} / ${count(job.count)}${job.refused ? html` <span class="bad">✕ ${count(job.refused)}</span>` : ""}</p></div>
  </li>`;
}

const Nothing = ({ filtered }) => (filtered
  ? html`<${Empty} title="No job matches"><p>Nothing has this state, label and text together.</p><p><a class="button plain" href="/jobs">Take the filters away</a></p><//>`
  : html`<${Empty} title="No job yet"><p>Jobs that anybody submits from here, a terminal or a program appear in this list.</p>
    <p><a class="button main" href="/submit">New job</a></p><${Command}>./pentimento submit sweep.yaml --watch<//><//>`);
