// The form's fields. A comma or a new line is one more value, and so one more axis of the sweep.
import { html } from "./view.js";
import { Drop } from "./drop.js";
import { exampleOf } from "./spec.js";

const SAMPLERS = ["ddim", "euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_sde", "lms", "unipc", "lcm"];

export function Form({ form, change, models }) {
  const set = (name) => (event) => { const { value } = event.target; change((old) => ({ ...old, [name]: value })); };
  const field = (name, label, hint, more = {}) => html`<div class="field"><label for=${name}>${label}</label>
    <input id=${name} value=${form[name]} onInput=${set(name)} dir="auto" autocomplete="off" aria-describedby=${`${name}-hint`} ...${more} /><p class="quiet" id=${`${name}-hint`}>${hint}</p></div>`;
  const own = models?.find((model) => model.alias === form.model)?.defaults;
  const suits = (name) => (own?.[name] === undefined ? "" : String(own[name]));
  const example = !models || form.prompts.trim() || form.images.length || form.uris.trim() ? null : () => change((old) => exampleOf(old, models));
  const axis = (n, part) => (event) => { const { value } = event.target; change((old) => ({ ...old, axes: old.axes.map((one, k) => (k === n ? { ...one, [part]: value } : one)) })); };
  return html`<form class="fields" onSubmit=${(event) => event.preventDefault()}>
    <${Drop} images=${form.images} change=${(images) => change((old) => ({ ...old, images: images(old.images) }))} example=${example} />
    <div class="field"><label for="uris">or addresses, one a line</label><textarea id="uris" rows="2" dir="ltr" value=${form.uris} onInput=${set("uris")}
      placeholder="s3://catalogue/shoes/*.png" spellcheck=${false}></textarea></div>
    <div class="field"><label for="prompts">Prompts, one a line</label><textarea id="prompts" rows="3" dir="auto" value=${form.prompts} onInput=${set("prompts")}
      placeholder=${"crayon drawing of a house\n{medium} of a house"} aria-describedby="prompts-hint"></textarea>
      <p class="quiet" id="prompts-hint">{name} is filled in from an axis below; {a|b} is an axis of two</p></div>
    ${field("negative", "Not in the picture", "a negative prompt; may be empty")}
    <div class="fields two">
      <div class="field"><label for="model">Model</label><select id="model" value=${form.model} onChange=${set("model")}>
        ${models?.map((model) => html`<option key=${model.alias} value=${model.alias}>${model.alias}</option>`)}</select><p class="quiet">from the model table</p></div>
      ${field("strength", "Strength", "0 keeps the picture, 1 forgets it", { inputmode: "decimal", placeholder: suits("strength") })}
      ${field("steps", "Steps", "of the whole schedule", { placeholder: suits("steps") })}
      ${field("cfg", "Guidance", "cfg_scale: how closely to follow the prompt", { placeholder: suits("cfg_scale") })}
      ${field("sampler", "Sampler", "one or several; what is left empty suits the model", { list: "samplers", placeholder: suits("sampler") })}
      ${field("samples", "Samples", "of each cell, with seeds of their own", { type: "number", min: "1", max: "1000" })}
    </div>
    <datalist id="samplers">${SAMPLERS.map((name) => html`<option key=${name} value=${name} />`)}</datalist>
    <fieldset><legend>Further axes</legend>
      ${form.axes.map((one, n) => html`<div key=${n} class="row axis"><input aria-label=${`Name of axis ${n + 1}`} placeholder="medium" dir="auto" value=${one.name} onInput=${axis(n, "name")} />
        <input class="grow" aria-label=${`Values of axis ${n + 1}, with commas between`} placeholder="crayon drawing, watercolour" dir="auto" value=${one.values} onInput=${axis(n, "values")} />
        <button type="button" class="plain small" aria-label=${`Remove axis ${n + 1}`} onClick=${() => change((old) => ({ ...old, axes: old.axes.filter((_, k) => k !== n) }))}>×</button></div>`)}
      <button type="button" class="plain" onClick=${() => change((old) => ({ ...old, axes: [...old.axes, { name: "", values: "" }] }))}>Add an axis</button></fieldset>
    <div class="fields two">${field("name", "Name", "what the job is called", { placeholder: "autumn-catalogue" })}
      ${field("labels", "Labels", "for filters", { placeholder: "season=autumn, team=web" })}
      <div class="field"><label for="lane">Lane</label><select id="lane" value=${form.lane} onChange=${set("lane")}>
        ${["urgent", "normal", "background"].map((lane) => html`<option key=${lane} value=${lane}>${lane}</option>`)}</select><p class="quiet">lower lanes wait for higher ones</p></div></div>
  </form>`;
}
