// Two channels, layers or epochs side by side; what is asked stands in the address, and so does what is marked on both sides.
"use strict";

customElements.define("scope-compare", class extends HTMLElement {
  connectedCallback() {
    this.layers = JSON.parse(this.querySelector("script").textContent);
    for (const field of this.querySelectorAll("input")) field.onchange = () => { Scope.set({ [field.name]: field.value || null }, true); this.show(); };
    for (const kind of ["pointerover", "focusin"]) {
      this.addEventListener(kind, event => {
        const { same } = event.target.closest("[data-same]")?.dataset || {};
        if (same) this.mark(same);
        if (same && kind === "focusin") Scope.set({ same });
      });
    }
    addEventListener("popstate", () => this.show());
    this.show();
  }

  async show() {
    const asked = ["a", "b"].map(name => Scope.get(name) || "");
    for (const row of this.querySelectorAll("[data-layer]")) row.classList.toggle("asked", asked.includes(row.dataset.layer));
    this.querySelectorAll("input").forEach((field, place) => { field.value = asked[place]; });
    await Promise.all([...this.querySelectorAll("[data-slot]")].map((slot, place) => this.fill(slot, asked[place])));
    this.mark(Scope.get("same"));
  }

  mark(same) { for (const part of this.querySelectorAll("[data-same]")) part.classList.toggle("same", part.dataset.same === same); }

  fill(slot, text) {
    const [, name, channel, epoch] = (text in this.layers ? [0, text] : text.match(/^(.*?)(?::(\d+))?(@\d+)?$/)) || [];
    const layer = this.layers[name];
    if (!layer) slot.textContent = text && `There is no ${text}: write LAYER, LAYER:CHANNEL or LAYER:CHANNEL@EPOCH; the layers stand below.`;
    else if (channel && !epoch) return Scope.panel(slot, { name, ...layer }, channel);
    else return Scope.text(slot, `layer/${layer.folder}/beside.js`, (channel || "") + (epoch || ""), `${text} is not kept: convscope evolve RUN looks at epochs.`);
  }
});
