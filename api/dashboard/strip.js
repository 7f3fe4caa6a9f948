// A job's newest pictures in one line, small: a list of jobs that shows what they are about.
import { html, useEffect, useState } from "./view.js";
import { get } from "./http.js";
import { Cells } from "./cells.js";
import { hasPicture } from "./states.js";
import { ranged } from "./thumbs.js";

// Spread over what is done, so that a strip shows the sweep and not six neighbours.
function sample(indexes, most) {
  if (indexes.length <= most) return indexes;
  return Array.from({ length: most }, (_, k) => indexes[Math.floor((k * (indexes.length - 1)) / (most - 1))]);
}

export function Strip({ job, most }) {
  const [urls, setUrls] = useState([]);
  // A running job's strip is renewed as it doubles, not with every picture.
  const stage = job.settled ? Math.floor(Math.log2(job.settled)) + (job.written ? 0.5 : 0) : -1;
  useEffect(() => {
    if (stage < 0) return undefined;
    let gone = false;
    (async () => {
      const cells = new Cells(job.id, job.total, () => {});
      await cells.load(0);
      const shown = sample(cells.where(hasPicture), most);
      if (!shown.length) return;
      const { thumbs } = await get(`/v1/jobs/${job.id}/thumbs?indexes=${ranged(shown)}`);
      if (!gone) setUrls(shown.filter((index) => thumbs[index]).map((index) => [index, thumbs[index]]));
    })().catch(() => {}); // a strip is an ornament: the page's own polls say when the API is away
    return () => { gone = true; };
  }, [job.id, stage]);
  return html`<a class="strip" href=${`/jobs/${job.id}`} tabindex="-1" aria-hidden="true" data-empty=${urls.length ? undefined : ""}>
    ${urls.map(([index, url]) => html`<img key=${index} src=${url} alt="" loading="lazy" />`)}
    ${Array.from({ length: most - urls.length }, (_, n) => html`<span key=${`gap${n}`}></span>`)}</a>`;
}
