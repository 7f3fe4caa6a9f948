// The state of every cell, a byte each, fetched in blocks as packed bits and kept fresh by the job's events.
import { call } from "./http.js";
import { EXCLUDED, PENDING, hasPicture } from "./states.js";

const BLOCK = 131072;
const MOST_BLOCKS = 16; // two million cells are counted and filtered; of a longer job, what is on the sheet

export class Cells {
  constructor(job, total, changed) {
    Object.assign(this, { job, total, changed, blocks: new Map(), asked: new Set() });
  }

  at(index) {
    const block = this.blocks.get(Math.floor(index / BLOCK));
    if (block) return block.states[index % BLOCK];
    this.load(Math.floor(index / BLOCK)).catch(() => {}); // the page says elsewhere that the API is away
    return PENDING;
  }

  async load(number) {
    if (this.asked.has(number)) return;
    this.asked.add(number);
    try {
      const answer = await call(`/v1/jobs/${this.job}/cells?from=${number * BLOCK}&count=${BLOCK}`, { cache: "no-cache" });
      const states = unpacked(new Uint8Array(await answer.arrayBuffer()), Number(answer.headers.get("Cells-Count")));
      this.blocks.delete(number);
      this.blocks.set(number, { states, event: answer.headers.get("Event-Id") || "0" });
      if (this.blocks.size > MOST_BLOCKS) this.blocks.delete(this.blocks.keys().next().value);
      this.changed();
    } finally {
      this.asked.delete(number);
    }
  }

  // All of it (or the first two million); resolves when it is here.
  async loadAll() {
    const most = Math.min(Math.ceil(this.total / BLOCK), MOST_BLOCKS);
    await Promise.all(Array.from({ length: most }, (_, number) => this.load(number)));
  }

  refresh() {
    return Promise.all([...this.blocks.keys()].map((number) => this.load(number)));
  }

  // An event's news; what the block held already when it was fetched is left alone.
  set(index, state, event) {
    const block = this.blocks.get(Math.floor(index / BLOCK));
    if (!block || (event && !later(event, block.event))) return;
    const old = block.states[index % BLOCK];
    if (old === EXCLUDED || (hasPicture(old) && hasPicture(state) && event)) return;
    block.states[index % BLOCK] = state;
  }

  // Indexes whose state is wanted, in order.
  where(wanted) {
    const found = [];
    for (const [number, { states }] of [...this.blocks].sort(([a], [b]) => a - b)) {
      for (let k = 0; k < states.length; k += 1) if (wanted(states[k])) found.push(number * BLOCK + k);
    }
    return found;
  }
}

function unpacked(bytes, count) {
  const states = new Uint8Array(count);
  for (let k = 0; k < count; k += 1) states[k] = (bytes[k >> 1] >> (k & 1 ? 0 : 4)) & 15;
  return states;
}

// Whether the event id `a` ("1716741000000-3") came after `b`.
export function later(a, b) {
  const [aMs, aN = "0"] = a.split("-"), [bMs, bN = "0"] = b.split("-");
  return Number(aMs) !== Number(bMs) ? Number(aMs) > Number(bMs) : Number(aN) > Number(bN);
}
