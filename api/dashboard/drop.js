// Pictures from this computer: dropped, pasted or picked, uploaded at once, shown small.
import { html, useRef, useState } from "./view.js";
import { call } from "./http.js";
import { Said, attempt } from "./parts.js";
import { bytes } from "./words.js";

const KINDS = ["image/png", "image/jpeg", "image/webp"];
const AT_ONCE = 3;
let counted = 0;

// What a name may hold in a job spec; the rest of the file's name becomes dashes.
const nameOf = (file) => file.name.replace(/\.[^.]*$/, "").normalize("NFKD").replace(/[^\w.-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 60);

// change(update): update takes the list as it is and gives the new one, since uploads end in any order.
// example(): fills the rest of the form in, for somebody who only wants to see what this is.
export function Drop({ images, change, example }) {
  const picker = useRef(null), queue = useRef([]), running = useRef(0);
  const [over, setOver] = useState(false);
  const alter = (id, news) => change((all) => all.map((image) => (image.id === id ? { ...image, ...news } : image)));

  const next = async () => {
    if (running.current >= AT_ONCE || !queue.current.length) return;
    const { id, file } = queue.current.shift();
    running.current += 1;
    try {
      const told = await (await call("/v1/uploads", { method: "POST", body: file, type: file.type || "application/octet-stream" })).json();
      alter(id, { uri: told.uri });
    } catch (problem) {
      alter(id, { fault: [problem.detail || problem.message, problem.remedy].filter(Boolean).join(" ") });
    }
    running.current -= 1;
    next();
  };
  const add = (files) => {
    const fresh = [...files].filter((file) => file.type.startsWith("image/") || !file.type).map((file) => {
      counted += 1;
      const fault = file.type && !KINDS.includes(file.type) ? "Only PNG, JPEG and WebP are read." : "";
      return { id: counted, file, fault, name: nameOf(file), shown: file.name, size: file.size, preview: URL.createObjectURL(file) };
    });
    change((all) => [...all, ...fresh.map(({ file, ...image }) => image)]);
    queue.current.push(...fresh.filter((image) => !image.fault));
    for (let n = 0; n < AT_ONCE; n += 1) next();
  };
  const borrow = () => attempt(async () => {
    add([new File([await (await call("/ui/example.png")).blob()], "house.png", { type: "image/png" })]);
    example();
  });
  const drop = (event) => { event.preventDefault(); setOver(false); add(event.dataTransfer.files); };
  const remove = (image) => { URL.revokeObjectURL(image.preview); change((all) => all.filter((one) => one.id !== image.id)); };
  return html`<div class="field"><span class="label" id="images-label">Pictures</span>
    <div class="drop" data-over=${over ? "" : undefined} role="group" aria-labelledby="images-label" onDragOver=${(event) => { event.preventDefault(); setOver(true); }}
        onDragLeave=${() => setOver(false)} onDrop=${drop} onPaste=${(event) => add(event.clipboardData.files)}>
      ${images.length > 0 && html`<ul class="previews">${images.map((image) => html`<li key=${image.id} data-standing=${image.fault ? "bad" : image.uri ? "here" : "coming"}>
        <img src=${image.preview} alt="" /><span class="preview-name"><${Said}>${image.shown}<//> <span class="quiet">${image.uri ? bytes(image.size) : image.fault ? "" : "uploading…"}</span>
        ${image.fault && html`<span class="bad" role="alert"><${Said}>${image.fault}<//></span>`}</span>
        <button type="button" class="plain small" aria-label=${`Remove ${image.shown}`} onClick=${() => remove(image)}>×</button></li>`)}</ul>`}
      <p><button type="button" class="plain" onClick=${() => picker.current.click()}>Choose pictures</button> <span class="quiet">or drop them here</span></p>
      ${example && html`<p class="quiet">Nothing at hand? <button type="button" class="plain small" onClick=${borrow}>Try an example</button></p>`}
      <input ref=${picker} class="unseen" type="file" multiple accept=${KINDS.join(",")} tabindex="-1" aria-label="Choose pictures" onChange=${(event) => { add(event.target.files); event.target.value = ""; }} />
    </div></div>`;
}
