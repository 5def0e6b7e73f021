// Shows the parts of one kind only, where the address asks for it; a page opened from a disk has them all.
"use strict";

customElements.define("scope-only", class extends HTMLElement {
  connectedCallback() {
    const kind = Scope.get("kind") || "";
    for (const part of this.querySelectorAll("[data-kind]")) part.hidden = kind && part.dataset.kind !== kind;
    for (const link of this.querySelectorAll("[data-only]")) link.ariaCurrent = link.dataset.only === kind ? "page" : null;
  }
});
