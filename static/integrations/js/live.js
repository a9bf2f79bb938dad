/**
 * Keeps a part of a page up to date: asks for it again and again, and takes over what the server has rendered.
 *
 * `<div data-live-url="…" data-live-every="700"><div data-live data-announcement="…">…</div></div>` is asked for until
 * it says `data-final="yes"`. What changes of its announcement is said by `[data-live-announce]`.
 */

/** After a failed look, so that a server that restarts is not asked in vain ever faster. */
const AFTER_FAILURE_MILLISECONDS = 5000;
/** A look that took its time is repeated less often: the server works for this page a tenth of the time at most. */
const REST_PER_MILLISECOND = 9;

const place = document.querySelector("[data-live-url]");
const announcer = document.querySelector("[data-live-announce]");
let shown = "";

const live = () => place.querySelector("[data-live]");
const isFinal = () => live().dataset.final === "yes";

/** Take over what someone has opened and where they are, so that reading is not disturbed. */
function replaceWith(html) {
  const fragment = new DOMParser().parseFromString(html, "text/html").querySelector("[data-live]");
  if (!fragment) throw new Error("this is another page");
  for (const details of live().querySelectorAll("details[id]")) {
    const same = fragment.querySelector(`#${CSS.escape(details.id)}`);
    if (same) same.open = details.open;
  }
  const focused = document.activeElement?.id;
  live().replaceWith(fragment);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function announce() {
  const { announcement } = live().dataset;
  if (announcer.textContent !== announcement) announcer.textContent = announcement;
}

async function look() {
  const response = await fetch(place.dataset.liveUrl + location.search, { headers: { Accept: "text/html" } });
  // A redirect leads to the login page: the session is over.
  if (!response.ok || response.redirected) throw new Error(`the server answered ${response.status}`);
  const html = await response.text();
  if (html === shown) return;
  shown = html;
  replaceWith(html);
  announce();
}

function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function follow() {
  const every = Number(place.dataset.liveEvery);
  let took = 0;
  while (!isFinal()) {
    await pause(Math.max(every, took * REST_PER_MILLISECOND));
    await visible();
    const began = performance.now();
    const isAnswered = await look().then(() => true, () => false);
    took = performance.now() - began;
    if (!isAnswered) await pause(AFTER_FAILURE_MILLISECONDS);
  }
}

if (place) void follow();
