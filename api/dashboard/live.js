// Follows a job's events: resumes where it was after a break, closes while the tab is hidden, ends when the job has.
const KINDS = [
  "accepted", "queued", "started", "settled", "refused", "postponed", "lost", "recovered", "paused", "resumed", "moved",
  "finished", "hooked", "written",
];
const WAIT_MS = 1500;

// told(events): some events at once, oldest first, each {id, at (Unix seconds), kind, data}.
// standing(word): "live", "away" (it tries again), "hidden", "over". over(): asked after a refused stream.
// Returns {stop, again}: again() goes on after "over", for a job that is tried again.
export function follow(job, { told, standing, over }) {
  let source = null, ended = false, last = "0", timer = 0, waiting = [], stopped = false;

  const hand = () => {
    const events = waiting;
    waiting = [];
    if (events.length && !stopped) told(events);
  };
  const take = (event) => {
    last = event.lastEventId;
    if (!waiting.length) setTimeout(hand, 60); // a busy job's events arrive by the hundred: one drawing for all
    waiting.push({ id: last, at: Number(last.split("-")[0]) / 1000, kind: event.type, data: JSON.parse(event.data || "{}") });
  };
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (stopped || ended) return;
    if (document.hidden) { standing("hidden"); return; }
    source = new EventSource(`/v1/jobs/${job}/events?after=${encodeURIComponent(last)}`);
    for (const kind of KINDS) source.addEventListener(kind, take);
    source.onopen = () => standing("live");
    source.onerror = async () => {
      // Refused (the browser gives up) or broken (it would come back by itself, but by the first id in the URL).
      close();
      if (stopped) return;
      if (await over()) { ended = true; standing("over"); return; }
      standing("away");
      if (!stopped && !source) timer = setTimeout(open, WAIT_MS);
    };
  };
  document.addEventListener("visibilitychange", open);
  open();
  return {
    stop: () => {
      stopped = true;
      close();
      document.removeEventListener("visibilitychange", open);
    },
    again: () => {
      if (!ended) return;
      ended = false;
      open();
    },
  };
}

// "0-63,70" as [[0, 63], [70, 70]].
export function rangesOf(text) {
  return (text || "").split(",").filter(Boolean).map((part) => {
    const [first, end = first] = part.split("-");
    return [Number(first), Number(end)];
  });
}
