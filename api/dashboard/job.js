// One job: how far it is, what to do about it, and its sweep as a sheet that fills while one looks.
import { html, useCallback, useEffect, useMemo, useRef, useState } from "./view.js";
import { query, withQuery } from "./url.js";
import { call, get } from "./http.js";
import { follow, rangesOf } from "./live.js";
import { usePoll } from "./poll.js";
import { Cells } from "./cells.js";
import { Thumbs } from "./thumbs.js";
import { Controls, Downloads } from "./controls.js";
import { Failures } from "./failures.js";
import { Sweep } from "./sweep.js";
import { Timeline, rateOf } from "./timeline.js";
import { Why } from "./why.js";
import { Copy, Fault, Ghost, Labels, Legend, Of, Progress, Said, State } from "./parts.js";
import { REFUSED, SETTLED, TERMINAL } from "./states.js";
import { ago, count, dateOf, rate, span } from "./words.js";

const TABS = [["", "Sweep"], ["failures", "Failures"], ["timeline", "Timeline"], ["why", "Why"], ["manifest", "Manifest"]];
const STANDING = {
  live: "Live", away: "The API is away; this page goes on when it is back", hidden: "Resting while this tab is hidden",
  over: "Finished", "": "Connecting",
};

// The job's events, and what they change in its cells. Returns {events, standing, version}.
function useLive(id, cells, refresh) {
  const [live, setLive] = useState({ events: [], standing: "", version: 0 });
  const refreshed = useRef(0);
  const following = useRef(null);
  useEffect(() => {
    following.current = follow(id, {
      told: (events) => {
        for (const event of events) {
          for (const [first, last] of event.kind === "settled" ? rangesOf(event.data.indexes) : []) {
            for (let index = first; index <= last; index += 1) cells.current?.set(index, SETTLED, event.id);
          }
          if (event.kind === "refused") cells.current?.set(Number(event.data.index), REFUSED, event.id);
        }
        if (events.some((event) => event.kind === "resumed" || event.kind === "lost")) cells.current?.refresh().catch(() => {});
        setLive((old) => ({ ...old, events: [...old.events, ...events].slice(-3000), version: old.version + 1 }));
        clearTimeout(refreshed.current);
        refreshed.current = setTimeout(refresh, 250);
      },
      standing: (standing) => setLive((old) => ({ ...old, standing })),
      over: async () => {
        try {
          const job = await get(`/v1/jobs/${id}`);
          return TERMINAL.has(job.state) && job.written;
        } catch (problem) {
          return problem.status === 404;
        }
      },
    });
    return following.current.stop;
  }, [id]);
  const touch = useCallback(() => setLive((old) => ({ ...old, version: old.version + 1 })), []);
  const again = useCallback(() => following.current?.again(), []);
  return { ...live, touch, again };
}

export function Job({ id }) {
  const cells = useRef(null);
  const [grid, setGrid] = useState({ data: null, problem: null, tries: 0 });
  const over = useRef(false);
  const { data: job, problem, refresh } = usePoll(`/v1/jobs/${id}`, over.current ? 20 : 3);
  over.current = Boolean(job && job.written);
  const live = useLive(id, cells, refresh);
  const thumbs = useMemo(() => new Thumbs(id), [id]);
  const planned = job && job.state !== "planning", tries = grid.tries;
  useEffect(() => {
    if (!planned || grid.data) return undefined;
    let timer = 0, gone = false;
    get(`/v1/jobs/${id}/grid`).then((data) => {
      if (gone) return;
      cells.current = new Cells(id, data.total, live.touch);
      cells.current.loadAll().catch(() => {}); // what is missing is asked for again where it is drawn
      setGrid({ data, problem: null, tries });
    }, (problem) => {
      if (gone) return;
      setGrid({ data: null, problem, tries });
      timer = setTimeout(() => setGrid({ data: null, problem, tries: tries + 1 }), 3000);
    });
    return () => { gone = true; clearTimeout(timer); };
  }, [id, planned, tries]);
  // A job that is tried again after its end is followed again.
  const going = job && !(TERMINAL.has(job.state) && job.written);
  useEffect(() => live.again(), [going, job?.finished_at]);
  // Which cells are in work is no event: asked for while the job runs and somebody looks.
  const runs = job?.state === "running";
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setInterval(() => { if (!document.hidden) cells.current?.refresh().catch(() => {}); }, 4000);
    return () => clearInterval(timer);
  }, [runs]);
  document.title = `${job?.name || "Job"} · pentimento`;
  if (!job) return html`<main class="page"><h1 tabindex="-1">Job</h1><${Fault} problem=${problem} />${!problem && html`<${Ghost} lines=${5} tall />`}</main>`;
  const tab = query.value.get("tab") || "";
  return html`<main class="page wide">
    <${Head} job=${job} live=${live} refresh=${refresh} />
    <${Fault} problem=${problem} />
    <nav class="tabs" aria-label="About this job">${TABS.map(([name, word]) => html`<a key=${name} href=${withQuery({ tab: name })}
      aria-current=${tab === name ? "page" : undefined}>${word}${name === "failures" && job.refused ? html` <b class="bad">${count(job.refused)}</b>` : ""}</a>`)}</nav>
    ${tab === "" && html`<${Sweep} job=${job} grid=${grid.data} problem=${grid.problem} cells=${cells.current} thumbs=${thumbs} version=${live.version} />`}
    ${tab === "failures" && html`<${Failures} job=${job} grid=${grid.data} refresh=${refresh} />`}
    ${tab === "timeline" && html`<${Timeline} job=${job} events=${live.events} />`}
    ${tab === "why" && html`<${Why} job=${job} />`}
    ${tab === "manifest" && html`<${Manifest} job=${job} />`}
  </main>`;
}

function Head({ job, live, refresh }) {
  const perMinute = rateOf(live.events);
  const running = !TERMINAL.has(job.state);
  const left = perMinute && job.open ? span((60 * job.open) / perMinute) : "–";
  return html`<header class="job-head">
    <div class="row between wrap"><div>
      <p class="crumbs"><a href="/jobs">Jobs</a></p>
      <h1 tabindex="-1"><${Said}>${job.name || job.id}<//></h1>
      <p class="quiet dots"><${State} state=${job.state} />${job.reason && html`<${Said}>${job.reason}<//>`}<${Of} job=${job} /><span>${job.lane}</span><${Said}>${job.models.join(", ")}<//>
        <span>${dateOf(job.created_at)}</span><span class="standing" data-standing=${live.standing} role="status" aria-label="How current this page is">${STANDING[live.standing]}</span></p>
      <${Labels} labels=${job.labels} />
    </div><${Controls} job=${job} refresh=${refresh} /></div>
    <${Progress} job=${job} />
    <div class="row between wrap"><${Legend} job=${job} />
      <dl class="legend">
        ${running ? job.state !== "paused" && html`<div><dt>a minute</dt><dd>${rate(perMinute)}</dd></div><div><dt>done in</dt><dd>${left}</dd></div>`
          : html`<div><dt>took</dt><dd>${span((job.finished_at || 0) - (job.started_at || job.created_at))}</dd></div><div><dt>finished</dt><dd>${ago(job.finished_at)}</dd></div>`}
        <div><dt>device time</dt><dd>${span(job.gpu_seconds)}</dd></div>
      </dl></div>
    <${Downloads} job=${job} />
  </header>`;
}

function Manifest({ job }) {
  const [state, setState] = useState({ text: null, problem: null });
  useEffect(() => {
    call(`/v1/jobs/${job.id}/manifest?form=yaml`).then((answer) => answer.text()).then((text) => setState({ text, problem: null }),
      (problem) => setState({ text: null, problem }));
  }, [job.id]);
  return html`<section><${Fault} problem=${state.problem} />
    ${state.text === null ? !state.problem && html`<${Ghost} lines=${6} />` : html`<div class="row between wrap"><p class="quiet">As it was frozen: submitting it again makes the same pictures.</p><${Copy} text=${state.text} /></div>
    <pre class="code" tabindex="0" aria-label="manifest">${state.text}</pre>`}</section>`;
}
