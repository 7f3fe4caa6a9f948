// Asks the API again and again, but only while somebody looks: a hidden tab costs nothing.
import { useCallback, useEffect, useRef, useState } from "./view.js";
import { get } from "./http.js";

// What `path` answers: {data, problem, refresh}. Old data stays while a newer answer fails; a new path starts afresh.
export function usePoll(path, seconds) {
  const [state, setState] = useState({ path, data: null, problem: null });
  const again = useRef(() => {});
  useEffect(() => {
    if (!path) return undefined;
    let timer, gone = false, running = false;
    const ask = async () => {
      clearTimeout(timer);
      if (running || document.hidden) return;
      running = true;
      try {
        const data = await get(path);
        if (!gone) setState({ path, data, problem: null });
      } catch (problem) {
        if (!gone) setState((old) => ({ path, data: old.path === path ? old.data : null, problem }));
      }
      running = false;
      if (!gone && seconds) timer = setTimeout(ask, seconds * 1000);
    };
    again.current = ask;
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      gone = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [path, seconds]);
  const refresh = useCallback(() => again.current(), []);
  const fits = state.path === path;
  return { data: fits ? state.data : null, problem: fits ? state.problem : null, refresh };
}
