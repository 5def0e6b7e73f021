// Two channels side by side, or two layers in a table; what is asked stands in the address.
"use strict";

customElements.define("scope-compare", class extends HTMLElement {
  connectedCallback() {
    this.layers = JSON.parse(this.querySelector("script").textContent);
    for (const field of this.querySelectorAll("input")) field.onchange = () => { Scope.set({ [field.name]: field.value || null }, true); this.show(); };
    addEventListener("popstate", () => this.show());
    this.show();
  }

  show() {
    const asked = ["a", "b"].map(name => Scope.get(name) || "");
    for (const [place, slot] of this.querySelectorAll("[data-slot]").entries()) this.fill(slot, asked[place]);
    for (const row of this.querySelectorAll("[data-layer]")) row.classList.toggle("asked", asked.includes(row.dataset.layer));
    this.querySelectorAll("input").forEach((field, place) => { field.value = asked[place]; });
  }

  fill(slot, text) {
    const [, name, channel] = text.match(/^(.*):(\d+)$/) || [];
    const layer = this.layers[name];
    if (layer) Scope.panel(slot, { name, ...layer }, channel);
    else slot.textContent = !text || text in this.layers ? "" : `There is no ${text}: write LAYER:CHANNEL, the layers stand below.`;
  }
});
