// Speaks to the API: every failure becomes a Problem with a remedy, and whoever is not known goes to the login page.
export class Problem extends Error {
  constructor({ status = 0, code = "", detail = "", remedy = "", problems = [] }) {
    super(detail);
    Object.assign(this, { status, code, remedy, problems });
  }
}

const AWAY = {
  code: "unreachable",
  detail: "The API does not answer.",
  remedy: "This page goes on by itself when it is back. Is `pentimento up` still running?",
};

// Whoever came by a login sends a word that only our own pages can know; without keys there is none.
let me = null;
export function whoami() {
  me ||= get("/v1/me").catch((problem) => {
    me = null; // asked again at the next change
    throw problem;
  });
  return me;
}

let leaving = false; // several answers come at once, and each new way out would break off the one before
addEventListener("pageshow", () => { leaving = false; });
export function leaveFor(path) {
  leaving = true;
  location.assign(path);
}

export async function call(path, { method = "GET", body, type, signal, cache, headers = {} } = {}) {
  let answer;
  if (method !== "GET") headers = { "X-CSRF-Token": (await whoami()).csrf || "", ...headers };
  if (body !== undefined && !type) [body, type] = [JSON.stringify(body), "application/json"];
  try {
    answer = await fetch(path, {
      method, body, signal, cache, credentials: "same-origin", headers: { ...(type ? { "Content-Type": type } : {}), ...headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(AWAY);
  }
  if (answer.status === 401) {
    if (!leaving) leaveFor(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    return new Promise(() => {}); // the page is on its way out
  }
  if (!answer.ok && answer.status !== 304) throw new Problem(await saidOf(answer));
  return answer;
}

async function saidOf(answer) {
  try {
    return { ...(await answer.json()), status: answer.status };
  } catch {
    return { status: answer.status, detail: `The API answered ${answer.status}.`, remedy: "Its log says why." };
  }
}

export const get = async (path, options) => (await call(path, options)).json();
export const post = async (path, body, options) => (await call(path, { method: "POST", body, ...options })).json();
export const put = async (path, body, options) => (await call(path, { method: "PUT", body, ...options })).json();
