// One slider drives every panel: the column of an epoch in each picture, its line in each chart, its row in the table.
"use strict";

customElements.define("scope-training", class extends HTMLElement {
  connectedCallback() {
    const slider = this.querySelector("[type=range]"), epochs = this.dataset.epochs.split(",");
    slider.parentNode.hidden = false;
    this.classList.add("live");
    this.style.setProperty("--of", epochs.length);
    const asked = epochs.indexOf(Scope.get("epoch"));
    if (asked >= 0) slider.value = asked;
    const show = () => {
      const epoch = epochs[slider.value];
      this.style.setProperty("--at", slider.value);
      this.querySelector("output").textContent = slider.ariaValueText = epoch;
      for (const part of this.querySelectorAll("[data-epoch]")) part.classList.toggle("hit", part.dataset.epoch === epoch);
      for (const line of this.querySelectorAll(".now")) {
        const { first, last } = line.parentNode.dataset, share = (epoch - first) / (last - first || 1);
        line.toggleAttribute("hidden", share < 0 || share > 1);
        line.setAttribute("transform", `translate(${share * line.dataset.span} 0)`);
      }
    };
    slider.oninput = () => { Scope.set({ epoch: epochs[slider.value] }); show(); };
    show();
  }
});
