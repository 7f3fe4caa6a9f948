// The URL is the only place where a page's choices live: filters can be sent to others, and the back button works.
import { signal, computed } from "./view.js";

const here = signal(location.pathname + location.search);

export const path = computed(() => here.value.split("?")[0]);
export const query = computed(() => new URLSearchParams(here.value.split("?")[1] || ""));

addEventListener("popstate", () => { here.value = location.pathname + location.search; });

export function go(href, { replace = false } = {}) {
  if (href === here.value) return;
  history[replace ? "replaceState" : "pushState"](null, "", href);
  const moved = href.split("?")[0] !== path.value;
  here.value = href;
  if (moved) scrollTo(0, 0);
}

// The same page with some of its query changed; null, "" and undefined take a name away.
export function withQuery(changes) {
  const next = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return path.value + (text ? `?${text}` : "");
}

export const choose = (changes, options) => go(withQuery(changes), options);

// Plain clicks on links to our own pages change the page without loading the document again.
const OURS = /^\/($|jobs($|\/)|submit$|workers$)/;
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute("download") || !OURS.test(link.pathname)) return;
  event.preventDefault();
  go(link.pathname + link.search);
});
