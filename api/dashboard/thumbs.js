// Small pictures for the sheet: links are asked for by the page, pictures loaded a few at a time, old ones forgotten.
import { get } from "./http.js";

const A_PAGE = 200;
const AT_ONCE = 12;
const KEPT = 3000; // decoded, at 256 pixels a side at most: some hundred MB at worst, the browser drops what it must
const RETRY_MS = 4000; // a settled cell without a link yet is asked for again after so long, then twice that and so on
const MOST_DOUBLINGS = 6;

export class Thumbs {
  constructor(job) {
    Object.assign(this, { job, listeners: new Set(), queue: [], loading: 0, asking: new Set(), due: 0 });
    Object.assign(this, { pictures: new Map(), urls: new Map(), nowhere: new Map(), vain: new Map() });
  }

  // told() is called when a picture has come, or it is time to want those that are missing; returns how to end that.
  listen(told) {
    this.listeners.add(told);
    return () => this.listeners.delete(told);
  }

  // The picture if it is here.
  at(index) {
    const picture = this.pictures.get(index);
    if (picture === undefined) return null;
    this.pictures.delete(index); // the latest used last: a Map keeps its order
    this.pictures.set(index, picture);
    return picture;
  }

  // What is on the sheet now; what was wanted before and is not begun is dropped.
  want(indexes) {
    const now = performance.now();
    const missing = indexes.filter((index) => !this.pictures.has(index));
    const known = missing.filter((index) => this.urls.has(index));
    const unknown = missing.filter((index) => !this.urls.has(index) && !this.asking.has(index)
      && !(this.nowhere.get(index) > now));
    this.queue = known;
    this.next();
    for (let start = 0; start < unknown.length; start += A_PAGE) this.ask(unknown.slice(start, start + A_PAGE));
  }

  forget(index) {
    for (const map of [this.pictures, this.urls, this.nowhere, this.vain]) map.delete(index);
  }

  async ask(indexes) {
    indexes.forEach((index) => this.asking.add(index));
    try {
      const { thumbs, expires_in_s: lasts } = await get(`/v1/jobs/${this.job}/thumbs?indexes=${ranged(indexes)}`);
      for (const index of indexes) {
        if (thumbs[index]) { this.urls.set(index, thumbs[index]); this.queue.push(index); } else this.miss(index);
      }
      setTimeout(() => indexes.forEach((index) => this.urls.delete(index)), (lasts - 30) * 1000);
      this.next();
    } catch {
      indexes.forEach((index) => this.miss(index)); // the page says elsewhere that the API is away
    } finally {
      indexes.forEach((index) => this.asking.delete(index));
    }
  }

  next() {
    while (this.loading < AT_ONCE && this.queue.length) {
      const index = this.queue.shift();
      if (this.pictures.has(index) || !this.urls.has(index)) continue;
      this.loading += 1;
      const picture = new Image();
      picture.decoding = "async";
      picture.src = this.urls.get(index);
      picture.decode().then(() => this.keep(index, picture), () => this.miss(index))
        .finally(() => { this.loading -= 1; this.next(); });
      this.urls.delete(index);
    }
  }

  keep(index, picture) {
    this.nowhere.delete(index);
    this.pictures.set(index, picture);
    if (this.pictures.size > KEPT) this.pictures.delete(this.pictures.keys().next().value);
    this.tell();
  }

  miss(index) {
    const times = this.vain.get(index) ?? 0;
    this.vain.set(index, times + 1);
    this.nowhere.set(index, performance.now() + RETRY_MS * 2 ** Math.min(times, MOST_DOUBLINGS));
    this.due ||= setTimeout(this.again, RETRY_MS);
  }

  // A drawing wants what is still missing; of a job that is over nothing else brings one.
  again = () => {
    this.due = 0;
    if (!document.hidden) this.tell();
    if (this.nowhere.size && this.listeners.size) this.due ||= setTimeout(this.again, RETRY_MS);
  };

  tell() {
    this.listeners.forEach((told) => told());
  }
}

// [1, 2, 3, 7] as "1-3,7"
export function ranged(indexes) {
  const parts = [];
  const sorted = [...indexes].sort((a, b) => a - b);
  for (let k = 0; k < sorted.length; k += 1) {
    const first = sorted[k];
    while (sorted[k + 1] === sorted[k] + 1) k += 1;
    parts.push(first === sorted[k] ? `${first}` : `${first}-${sorted[k]}`);
  }
  return parts.join(",");
}
