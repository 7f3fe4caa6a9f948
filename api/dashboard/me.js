// Whose key this window goes by, and what that key may do; without keys everybody may do everything.
import { signal } from "./view.js";
import { whoami } from "./http.js";

const AGAIN_MS = 3000;
export const me = signal(null);

const ask = () => whoami().then((found) => { me.value = found; }, () => setTimeout(ask, AGAIN_MS));
ask();

const has = (scope) => !me.value?.keys_required || me.value.scopes.includes(scope) || me.value.scopes.includes("admin");
export const maySubmit = () => has("submit");
export const mayOperate = () => has("admin");
// Whether lists show other callers' jobs, too.
export const seesAll = () => Boolean(me.value?.keys_required && me.value.scopes.includes("admin"));
