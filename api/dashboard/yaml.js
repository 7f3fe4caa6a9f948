// Writes a spec as YAML that a person would write: what the form says, as one reads it in a file.
const PLAIN = /^[A-Za-z_][\w .,/-]*$/; // begins like a word and holds nothing that YAML gives a meaning
const WORDS = /^(true|false|null|yes|no|on|off|y|n|~)$/i;

function scalar(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  if (PLAIN.test(value) && !WORDS.test(value) && !/\s$/.test(value) && !value.includes(" #")) return value;
  return JSON.stringify(value); // JSON's strings are YAML's, too
}

const simple = (value) => value === null || typeof value !== "object";
const short = (list) => list.every(simple) && list.map(scalar).join(", ").length < 72;

function lines(value, indent) {
  if (Array.isArray(value)) {
    return value.flatMap((one) => {
      if (simple(one)) return [`${indent}- ${scalar(one)}`];
      const [first, ...rest] = lines(one, `${indent}  `);
      return [`${indent}- ${first.trimStart()}`, ...rest];
    });
  }
  return Object.entries(value).flatMap(([name, one]) => {
    const head = `${indent}${scalar(name)}:`;
    if (simple(one)) return [`${head} ${scalar(one)}`];
    if (Array.isArray(one) && short(one)) return [`${head} [${one.map(scalar).join(", ")}]`];
    return [head, ...lines(one, `${indent}  `)];
  });
}

export const yamlOf = (spec) => `${lines(spec, "").join("\n")}\n`;
