/** The page of a run: follows a run that is still going on, by the fragment that the server renders. */

const EVERY_MILLISECONDS = 700;
/** After a failed look, so that a server that restarts is not asked in vain ever faster. */
const AFTER_FAILURE_MILLISECONDS = 5000;

const place = document.querySelector("[data-run-progress]");
const announcer = document.querySelector("[data-run-announce]");
let shown = "";

const live = () => place.querySelector("[data-run-live]");
const isFinal = () => live().dataset.final === "yes";

/** Take over what someone has opened and where they are, so that reading is not disturbed. */
function replaceWith(html) {
  const fragment = new DOMParser().parseFromString(html, "text/html").querySelector("[data-run-live]");
  if (!fragment) throw new Error("this is no run");
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
  const response = await fetch(place.dataset.runProgress + location.search, { headers: { Accept: "text/html" } });
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
  while (!isFinal()) {
    await pause(EVERY_MILLISECONDS);
    await visible();
    await look().catch(() => pause(AFTER_FAILURE_MILLISECONDS));
  }
}

/** A link to a step inside closed details opens them. */
function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  for (let above = target?.closest("details"); above; above = above.parentElement.closest("details")) above.open = true;
  target?.scrollIntoView();
}

window.addEventListener("hashchange", openTarget);
if (place) {
  openTarget();
  void follow();
}
