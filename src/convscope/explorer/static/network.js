// The network: which blocks are open and which step is sought. Its training: one slider drives every panel.
"use strict";

const parts = selector => [...document.querySelectorAll(selector)], [field] = parts("main input");

for (const block of parts("details")) {
  block.open ||= Scope.get("open")?.split(",").includes(block.id);
  block.ontoggle = () => Scope.set({ open: parts("details[open]").map(one => one.id).join() || null });
}

const find = () => {
  for (const step of parts("g")) {
    const text = step.textContent.toLowerCase(), hit = field.value.trim().toLowerCase().split(" ").every(word => word && text.includes(word));
    if (step.classList.toggle("hit", hit)) step.closest("details").open = true;
  }
  return field.value.trim() && `${parts(".hit").length} found`;
};

const turn = () => {
  const epochs = field.dataset.epochs.split(","), at = epochs.filter(epoch => epoch <= +field.value).length - 1;
  document.body.style = `--at:${at};--of:${epochs.length};--share:${epochs[at] / field.max}`;
  return field.ariaValueText = epochs[at];
};

field.value = Scope.get(field.name) || field.value;
(field.oninput = event => {
  if (event) Scope.set({ [field.name]: field.value || null });  // a page that opens keeps its #channel
  field.nextElementSibling.value = field.max ? turn() : find();
})();
