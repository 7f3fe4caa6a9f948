// What the form holds, as a job spec. Pure.
export const BLANK = {
  name: "", images: [], uris: "", prompts: "", negative: "", strength: "", steps: "", cfg: "", sampler: "", model: "",
  samples: "1", lane: "normal", labels: "", axes: [],
};

const listed = (text) => text.split(",").map((part) => part.trim()).filter(Boolean);
const rows = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
const valued = (text) => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : text);
const one = (values) => (values.length === 1 ? values[0] : values);

const EXAMPLE = {
  name: "first look", prompts: "{medium} of a house with a tree by day", strength: "0.6, 0.9",
  axes: [{ name: "medium", values: "a watercolour, a blueprint, neon lights" }],
};

// A filled-in form, in the few words that the model shipped with the source knows.
export function exampleOf(form, models) {
  const model = models?.some((one) => one.alias === "demo") ? "demo" : form.model;
  return { ...form, ...EXAMPLE, model };
}

// An empty field is left out: the model's own default holds.
export function specOf(form) {
  const spec = {};
  if (form.name.trim()) spec.name = form.name.trim();
  const labels = Object.fromEntries(listed(form.labels).map((part) => part.split("=").map((side) => side.trim())).filter(([name]) => name)
    .map(([name, value = ""]) => [name, value]));
  if (Object.keys(labels).length) spec.labels = labels;
  const images = [...form.images.filter((image) => image.uri).map((image) => ({ uri: image.uri, ...(image.name ? { name: image.name } : {}) })), ...rows(form.uris)];
  spec.images = images;
  if (form.model) spec.model = form.model;
  const prompts = rows(form.prompts);
  spec.prompt = prompts.length ? one(prompts) : "";
  if (form.negative.trim()) spec.negative_prompt = form.negative.trim();
  for (const [field, name] of [["strength", "strength"], ["steps", "steps"], ["cfg", "cfg_scale"], ["sampler", "sampler"]]) {
    const values = listed(form[field]).map(valued);
    if (values.length) spec[name] = one(values);
  }
  const matrix = Object.fromEntries(form.axes.filter((axis) => axis.name.trim() && listed(axis.values).length)
    .map((axis) => [axis.name.trim(), listed(axis.values).map(valued)]));
  if (Object.keys(matrix).length) spec.matrix = matrix;
  if (Number(form.samples) > 1) spec.samples = Number(form.samples);
  if (form.lane !== "normal") spec.run = { priority: form.lane };
  return spec;
}
