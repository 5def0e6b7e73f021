// The graph of the network: which blocks are open and what is sought stand in the address.
"use strict";

customElements.define("scope-network", class extends HTMLElement {
  connectedCallback() {
    const field = this.querySelector("input"), all = [...this.querySelectorAll("details")];
    field.closest("p").hidden = false;
    field.value = Scope.get("find") || "";
    const open = (Scope.get("open") || "").split(",");
    for (const part of all) {
      if (open.includes(part.dataset.block)) part.open = true;
      part.ontoggle = () => Scope.set({ open: all.filter(one => one.open).map(one => one.dataset.block).join() || null });
    }
    field.oninput = () => { Scope.set({ find: field.value || null }); this.find(field.value); };
    this.find(field.value);
  }

  find(words) {
    const asked = words.toLowerCase().split(" ").filter(Boolean), rows = [...this.querySelectorAll("[data-row]")];
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase(), hit = asked.length > 0 && asked.every(word => text.includes(word));
      const drawn = this.querySelector(`[data-step="${row.dataset.row}"]`);
      for (const part of [row, drawn]) part.classList.toggle("hit", hit);
      if (hit) { count++; drawn.closest("details").open = true; }
    }
    this.querySelector("output").textContent = asked.length ? `${count} of ${rows.length} steps` : "";
  }
});
