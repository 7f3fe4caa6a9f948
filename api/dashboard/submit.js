// A new job: a form that writes the manifest, the manifest that can be edited instead, and at once what it comes to.
import { html, useEffect, useRef, useState } from "./view.js";
import { go, query } from "./url.js";
import { call } from "./http.js";
import { usePoll } from "./poll.js";
import { Editor } from "./editor.js";
import { Form } from "./form.js";
import { Plan } from "./plan.js";
import { BLANK, specOf } from "./spec.js";
import { yamlOf } from "./yaml.js";
import { Fault, attempt, say } from "./parts.js";
import { counted } from "./words.js";

const YAML = "application/yaml";
const PAUSE_MS = 350; // after the last key, before the API is asked

// What the API makes of the text: {plan, problems, fault}; the latest text wins.
function usePlan(text, blank) {
  const [state, setState] = useState({ plan: null, problems: [], fault: null, busy: false });
  useEffect(() => {
    if (blank) { setState({ plan: null, problems: [], fault: null, busy: false }); return undefined; }
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      setState((old) => ({ ...old, busy: true }));
      try {
        const found = await lint(text, stop.signal);
        if (found.length) setState({ plan: null, problems: found, fault: null, busy: false });
        else {
          const plan = await (await call("/v1/plan?show=4", { method: "POST", body: text, type: YAML, signal: stop.signal })).json();
          setState({ plan, problems: [], fault: null, busy: false });
        }
      } catch (problem) {
        if (problem.name === "AbortError") return;
        if (problem.problems?.length) setState({ plan: null, problems: problem.problems, fault: null, busy: false });
        else setState((old) => ({ ...old, fault: problem, busy: false }));
      }
    }, PAUSE_MS);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [text, blank]);
  return state;
}

const lint = async (text, signal) => (await (await call("/v1/lint", { method: "POST", body: text, type: YAML, signal })).json()).problems;

// The manifest of another job, or of one of its cells, to begin from.
async function textFrom(asked) {
  const job = asked.get("from"), cell = asked.get("cell");
  const path = cell ? `/v1/jobs/${job}/variants/${cell}/spec?like=${asked.get("like") || "more"}&form=yaml` : `/v1/jobs/${job}/manifest?form=yaml`;
  return (await call(path)).text();
}

export function Submit() {
  const [form, setForm] = useState(BLANK);
  const [written, setWritten] = useState(null); // the manifest as somebody edited it; null: as the form says
  const [fault, setFault] = useState(null);
  const [sending, setSending] = useState(false);
  const key = useRef(crypto.randomUUID?.() || String(Math.random()));
  const { data: models, problem: lacking } = usePoll("/v1/models", 0);
  useEffect(() => {
    const usual = models?.models.find((model) => model.default) || models?.models[0];
    if (usual) setForm((old) => (old.model ? old : { ...old, model: usual.alias }));
  }, [models]);
  // Until the form knows its model the text would still change under whoever types.
  const locked = written === null && !form.model && !lacking && models?.models.length !== 0;
  const asked = query.value, from = asked.get("from");
  document.title = "New job · pentimento";
  useEffect(() => {
    if (from) textFrom(asked).then(setWritten, setFault);
  }, [asked.toString()]);
  const text = written ?? yamlOf(specOf(form));
  const blank = written === null && !form.images.length && !form.uris.trim() && !form.prompts.trim();
  const { plan, problems, fault: away, busy } = usePlan(text, blank);
  useEffect(() => { key.current = crypto.randomUUID?.() || String(Math.random()); }, [text]);
  const uploading = form.images.some((image) => !image.uri && !image.fault);
  const ready = !blank && !problems.length && plan && !sending && !uploading;
  const submit = async () => {
    setSending(true);
    const answer = await attempt(() => call("/v1/jobs", { method: "POST", body: text, type: YAML, headers: { "Idempotency-Key": key.current } }));
    setSending(false);
    if (!answer) return;
    const job = await answer.json();
    say("Accepted.");
    go(`/jobs/${job.id}`);
  };
  const back = () => { setWritten(null); if (from) go("/submit", { replace: true }); };
  // Taken from a job it is the page's matter; typed by hand it stays where one types.
  const manifest = html`<section key="manifest" aria-labelledby="manifest-title"><div class="row between"><h2 id="manifest-title">Manifest</h2><span class="quiet">${written === null ? "type here to edit it" : "edited"}</span></div>
    <${Editor} id="manifest" label="Manifest as YAML" text=${text} problems=${blank ? [] : problems} change=${setWritten} locked=${locked} /></section>`;
  return html`<main class="page wide"><h1 tabindex="-1">${from ? (asked.get("cell") ? "More like this" : "A job like another") : "New job"}</h1>
    <${Fault} problem=${fault || away} />
    <div class="submit">
      <div class="submit-form">${written === null ? html`<${Form} form=${form} change=${setForm} models=${models?.models} />`
        : html`<div class="hint"><p>${from ? html`The manifest is taken from <a href=${`/jobs/${from}`}>another job</a>.` : "The manifest is edited by hand."} What stands there is what is submitted.</p>
          <button class="plain" onClick=${back}>${from ? "Begin with an empty form" : "Back to the form"}</button></div>`}
        ${from && manifest}</div>
      <div class="submit-side">
        <section class="card" aria-label="Plan"><${Plan} plan=${plan} blank=${blank} busy=${busy} problems=${problems} />
          <button class="main big" disabled=${!ready} onClick=${submit}>${sending ? "Submitting…" : uploading ? "Uploading…"
            : plan?.count ? `Submit ${counted(plan.count, "picture")}` : "Submit"}</button></section>
        ${!from && manifest}
      </div></div></main>`;
}
