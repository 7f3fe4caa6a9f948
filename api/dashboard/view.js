// Binds htm to Preact, so that every page imports its tools from one place.
import { h, render, createRef, Fragment } from "./vendor/preact.js";
import { useEffect, useLayoutEffect, useMemo, useRef, useState, useCallback } from "./vendor/hooks.js";
import { signal, computed, effect, batch } from "./vendor/signals.js";
import htm from "./vendor/htm.js";

export const html = htm.bind(h);
export { h, render, createRef, Fragment, useEffect, useLayoutEffect, useMemo, useRef, useState, useCallback };
export { signal, computed, effect, batch };
