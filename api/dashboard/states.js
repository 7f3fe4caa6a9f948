// The states of jobs and cells: each has a word, a colour (style.css) and a shape, so that no colour stands alone.
export const JOB_STATES = ["planning", "queued", "running", "paused", "succeeded", "partial", "failed", "cancelled"];
export const TERMINAL = new Set(["succeeded", "partial", "failed", "cancelled"]);
export const GLYPHS = {
  planning: "…", queued: "○", running: "▶", paused: "‖", succeeded: "●", partial: "◐", failed: "✕", cancelled: "⊘",
};

// A cell's state as the API packs it; the order is the wire's. A star or a reject is a picture that somebody marked.
export const CELLS = ["pending", "leased", "waiting", "settled", "star", "reject", "refused", "excluded"];
export const PENDING = 0, LEASED = 1, WAITING = 2, SETTLED = 3, STAR = 4, REJECT = 5, REFUSED = 6, EXCLUDED = 7;
export const hasPicture = (cell) => cell >= SETTLED && cell <= REJECT;
export const CELL_WORDS = [
  "not begun", "in work", "will be tried again", "done", "done, starred", "done, rejected", "refused", "left out",
];
// Nothing of it begins until somebody resumes it; one that is being planned is paused once it is.
const held = (job) => job.state === "paused" || (job.state === "planning" && Boolean(job.reason));
export const can = {
  pause: (job) => !TERMINAL.has(job.state) && !held(job),
  resume: held,
  cancel: (job) => !TERMINAL.has(job.state),
  retry: (job) => TERMINAL.has(job.state) && job.state !== "cancelled" && job.refused > 0,
  move: (job) => !TERMINAL.has(job.state),
};
