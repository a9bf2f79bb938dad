/** The page of a run: a link to a step inside closed details opens them. */

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  for (let above = target?.closest("details"); above; above = above.parentElement.closest("details")) above.open = true;
  target?.scrollIntoView();
}

window.addEventListener("hashchange", openTarget);
openTarget();
