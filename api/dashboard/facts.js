// Everything that is known of a variant, as pairs; long ones can be copied whole.
import { html } from "./view.js";
import { Said } from "./parts.js";
import { bytes, dateOf, span } from "./words.js";

const FIRST = ["model", "strength", "steps", "cfg_scale", "sampler"];
const APART = new Set(["prompt", "prompts", "negative_prompt", "seed", ...FIRST]);
const plain = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));

const there = ([, value]) => value !== null && value !== undefined && value !== "";
const Pairs = ({ pairs }) => html`<dl>${pairs.filter(there).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd><${Said}>${String(value)}<//></dd></div>`)}</dl>`;

export function Facts({ data }) {
  const { parameters: said = {} } = data;
  const prompts = (said.prompts || []).length > 1 ? said.prompts.map((part) => `${part.text} (${part.weight})`).join("\n") : said.prompt;
  const rest = Object.entries(said).filter(([name, value]) => !APART.has(name) && value !== null && value !== "");
  const idle = ([, value]) => value === 0 || (Array.isArray(value) && !value.length);
  const words = (pairs) => pairs.map(([name, value]) => [name.replaceAll("_", " "), plain(value)]);
  const pairs = [
    ["seed", data.seed], ...FIRST.map((name) => [name.replace("_", " "), said[name]]), ...words(rest.filter((pair) => !idle(pair))),
    ["size", data.width ? `${data.width} × ${data.height}, ${bytes(data.size)}` : null], ["device time", data.seconds ? span(data.seconds) : null],
    ["worker", data.worker], ["stored", data.settled_at ? dateOf(data.settled_at) : null], ["sample", data.sample || null],
    ["linked from", data.linked], ["init image", data.image?.uri], ["custom id", data.image?.custom_id], ["mask", data.mask],
  ];
  const proofs = [["fingerprint", data.fingerprint], ["sha256", data.sha256], ["sha256 of init", data.init_sha256], ...words(rest.filter(idle))];
  return html`<div class="facts">
    ${prompts && html`<blockquote><${Said} as="p">${prompts}<//>${said.negative_prompt && html`<${Said} as="p" class="quiet">not: ${said.negative_prompt}<//>`}</blockquote>`}
    <${Pairs} pairs=${pairs} />
    <details><summary>Fingerprint and hashes</summary><${Pairs} pairs=${proofs} /></details>
  </div>`;
}
