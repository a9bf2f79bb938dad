/**
 * Shows the next times of a schedule while it is being written: the server works them out and renders them.
 *
 * The boxes are marked `data-schedule="name"`; `data-schedule-preview="url"` is replaced by what the server answers.
 */

const PAUSE_MILLISECONDS = 250;
const boxes = [...document.querySelectorAll("[data-schedule]")];
const preview = () => document.querySelector("[data-schedule-preview]");
let timer = 0;
let asked = 0;

function typed() {
  const values = new URLSearchParams(boxes.map((box) => [box.dataset.schedule, box.value]));
  const job = /\/job\/(\d+)\/change\//.exec(location.pathname);
  if (job) values.set("job", job[1]);
  return values;
}

async function show() {
  const number = ++asked;
  const response = await fetch(`${preview().dataset.schedulePreview}?${typed()}`, { headers: { Accept: "text/html" } });
  // Answers may come in another order; a redirect leads to the login page.
  if (!response.ok || response.redirected || number !== asked) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const answer = page.querySelector("[data-schedule-preview]");
  if (answer) preview().replaceChildren(...answer.childNodes);
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => void show().catch(() => {}), PAUSE_MILLISECONDS);
}

if (preview()) {
  for (const box of boxes) {
    box.addEventListener("input", later);
    box.addEventListener("change", later);
  }
}
