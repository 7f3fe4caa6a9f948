// One glance: is the farm healthy, where does it stand, what is becoming of the jobs that run.
import { html } from "./view.js";
import { query, withQuery } from "./url.js";
import { usePoll } from "./poll.js";
import { Chart } from "./chart.js";
import { Strip } from "./strip.js";
import { Command, Empty, Fault, Ghost, Progress, Said, State } from "./parts.js";
import { WorkerLine } from "./workers.js";
import { ago, count, counted, rate, share, span } from "./words.js";

export function Overview() {
  const { data: now, problem } = usePoll("/v1/overview", 3);
  const running = usePoll("/v1/jobs?limit=8", 3);
  document.title = "Overview · pentimento";
  const jobs = running.data?.jobs;
  return html`<main class="page">
    <h1 tabindex="-1">Overview</h1>
    <${Fault} problem=${problem || running.problem} />
    ${now ? html`<${Figures} now=${now} />` : !problem && html`<${Ghost} lines=${1} tall />`}
    ${jobs && !jobs.length ? html`<${First} />` : html`<${Latest} jobs=${jobs} /><${Hands} /><${History} now=${now} />`}
  </main>`;
}

const Figure = ({ name, value, unit, note, href, warn }) => html`<div class=${`figure ${warn ? "warn" : ""}`}>
  <dt>${name}</dt><dd>${href ? html`<a href=${href}>${value}</a>` : value}${unit && html`<small> ${unit}</small>`}</dd>
  ${note && html`<dd class="quiet note">${note}</dd>`}</div>`;

function Figures({ now }) {
  const queued = now.lanes.reduce((sum, lane) => sum + lane.queued, 0);
  const leased = now.lanes.reduce((sum, lane) => sum + lane.leased, 0);
  const { all, busy, idle, drained } = now.workers;
  const failing = (now.failure_share || 0) > 0.05;
  const lanes = now.lanes.filter((lane) => lane.queued || lane.leased)
    .map((lane) => `${count(lane.queued)} ${lane.lane}`).join(" · ");
  return html`<dl class="figures">
    <${Figure} name="Pictures a minute" value=${rate(now.images_per_minute)} note=${`${count(leased)} in work`} />
    <${Figure} name="Waiting" value=${count(queued)} note=${lanes || "nothing queued"} />
    <${Figure} name="Done in" value=${queued || leased ? span(now.eta_s) : "–"}
      note=${now.oldest_waiting_s ? `oldest waits ${span(now.oldest_waiting_s)}` : "nobody waits"} />
    <${Figure} name="Refused" value=${now.failure_share === null ? "–" : share(now.failure_share * 1000, 1000)}
      note="of the last hour" warn=${failing} href="/jobs?state=failed" />
    <${Figure} name="Workers" value=${all ? `${count(busy)} / ${count(all)}` : "none"} unit=${all ? "busy" : ""} href="/workers"
      note=${all ? `${count(idle)} idle${drained ? ` · ${count(drained)} drained` : ""}` : "nothing can be made"} warn=${!all} />
  </dl>
  ${!all && html`<div class="hint"><p>No worker is there. Start one on a machine with a GPU:</p><${Command}>./pentimento worker<//></div>`}`;
}

const First = () => html`<${Empty} title="No job yet">
  <p>A job is a few pictures and a sweep of prompts and parameters. It becomes a sheet of pictures here, while it is made.</p>
  <p><a class="button main" href="/submit">Make the first one</a></p>
  <p class="quiet">or from a terminal:</p><${Command}>./pentimento submit sweep.yaml --watch<//>
<//>`;

function Latest({ jobs }) {
  if (!jobs) return html`<${Ghost} lines=${3} tall />`;
  return html`<section aria-labelledby="latest"><div class="row between"><h2 id="latest">Latest jobs</h2><a href="/jobs">All jobs</a></div>
    <ul class="cards">${jobs.map((job) => html`<li key=${job.id} class="card">
      <div class="row between"><a class="title" href=${`/jobs/${job.id}`}><${Said}>${job.name || job.id}<//></a><${State} state=${job.state} /></div>
      <${Strip} job=${job} most=${6} />
      <${Progress} job=${job} slim />
      <p class="quiet dots"><span>${count(job.settled)} of ${counted(job.count, "picture")}</span>
        ${job.refused > 0 && html`<span class="bad">${count(job.refused)} refused</span>`}<span>${ago(job.created_at)}</span></p>
    </li>`)}</ul></section>`;
}

const MOST_HANDS = 6;
function Hands() {
  const { data } = usePoll("/v1/workers", 5);
  const all = data?.workers || [];
  if (!all.length) return null;
  const shown = [...all].sort((a, b) => b.busy - a.busy).slice(0, MOST_HANDS);
  return html`<section aria-labelledby="hands"><div class="row between"><h2 id="hands">Workers</h2>
    <a href="/workers">${all.length > MOST_HANDS ? `All ${count(all.length)} workers` : "More about them"}</a></div>
    <ul class="cards">${shown.map((worker) => html`<${WorkerLine} key=${worker.id} worker=${worker} />`)}</ul></section>`;
}

// The rings' newest points are some seconds old; what holds now is the last point, so that figures and charts agree.
function untilNow(data, now) {
  if (!data || !now || now.at <= (data.at.at(-1) || 0)) return data;
  const sum = (name) => now.lanes.reduce((all, lane) => all + lane[name], 0);
  const of = (perMinute) => (perMinute === null ? null : (perMinute * data.step_s) / 60);
  const last = { at: now.at, rendered: of(now.images_per_minute), refused: of(now.refused_per_minute), queued: sum("queued"), leased: sum("leased") };
  return { ...data, ...Object.fromEntries(Object.entries(last).map(([name, value]) => [name, [...data[name], value]])) };
}

function History({ now }) {
  const day = query.value.get("window") === "day";
  const { data: kept, problem } = usePoll(`/v1/overview/history?window=${day ? "day" : "hour"}`, day ? 60 : 10);
  const data = untilNow(kept, now);
  return html`<section aria-labelledby="history">
    <div class="row between"><h2 id="history">${day ? "The last day" : "The last hour"}</h2>
      <div class="segments" role="group" aria-label="Window">
        <a href=${withQuery({ window: "" })} aria-current=${day ? undefined : "true"}>Hour</a>
        <a href=${withQuery({ window: "day" })} aria-current=${day ? "true" : undefined}>Day</a></div></div>
    <${Fault} problem=${problem} />
    ${data ? html`<div class="charts">
      <${Chart} title="Pictures a minute" data=${data} columns=${[["rendered", "made", "settled"], ["refused", "refused", "refused"]]} perMinute />
      <${Chart} title="Variants waiting" data=${data} columns=${[["queued", "queued", "pending"], ["leased", "in work", "leased"]]} />
    </div>` : !problem && html`<${Ghost} lines=${2} tall />`}
  </section>`;
}
