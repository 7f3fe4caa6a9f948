// What a manifest would come to: how many pictures, along which axes, how long, and the first of them.
import { html } from "./view.js";
import { Said } from "./parts.js";
import { bytes, count, counted, span } from "./words.js";

export function Plan({ plan, blank, busy, problems }) {
  if (blank) return html`<p class="plan-count quiet" role="status">Add a picture and a prompt</p><p class="quiet">Every line of the prompt, and every value after a comma, is one more version of each picture.</p>`;
  if (problems.length) return html`<p class="plan-count bad" role="status">${counted(problems.length, "problem")}</p><p class="quiet">at the lines marked below</p>`;
  if (!plan) return html`<p class="plan-count quiet" role="status">Counting…</p>`;
  return html`<p class="plan-count" role="status" aria-busy=${busy}>${plan.count === null ? "counted when its images are listed" : counted(plan.count, "picture")}</p>
    <p class="product"><span>${plan.images === null ? "images" : counted(plan.images, "image")}</span>
      ${plan.axes.map((axis) => html`<span key=${axis.key}><i aria-hidden="true">×</i> ${count(axis.size)} <${Said}>${axis.names.join(", ")}<//></span>`)}
      ${plan.samples > 1 && html`<span><i aria-hidden="true">×</i> ${counted(plan.samples, "sample")}</span>`}
      ${plan.excluded > 0 && html`<span><i aria-hidden="true">−</i> ${count(plan.excluded)} left out</span>`}</p>
    <p class="quiet">${plan.finish_seconds ? `about ${span(plan.finish_seconds)} with the workers that are there` : plan.gpu_seconds ? `about ${span(plan.gpu_seconds)} of one device` : ""}
      ${plan.storage_bytes ? ` · ${bytes(plan.storage_bytes)} of storage` : ""}</p>
    ${leftTo(plan).map(([model, said]) => html`<p key=${model} class="quiet">left to <${Said}>${model}<//>: ${said.join(", ")}</p>`)}
    ${plan.warnings.map((warning) => html`<p key=${warning} class="warning"><${Said}>${warning}<//></p>`)}
    ${plan.variants.length > 0 && html`<details><summary>The first ${counted(plan.variants.length, "variant")}</summary>
      <ol class="variants">${plan.variants.map((variant, n) => html`<li key=${n}><${Said}>${promptOf(variant)}<//></li>`)}</ol></details>`}`;
}

// What the manifest doesn't say and each model does.
function leftTo(plan) {
  const found = new Map();
  for (const { model, field, value } of plan.left_out) found.set(model, [...(found.get(model) || []), `${field} ${value}`]);
  return [...found];
}

function promptOf(variant) {
  const found = variant.parameters?.prompt ?? variant.prompt ?? variant.prompts?.[0]?.text ?? variant.parameters?.prompts?.[0]?.text;
  return found ?? JSON.stringify(variant);
}
