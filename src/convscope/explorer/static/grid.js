// Sorts and filters the channels of a layer; the cards are the server's, they are only moved and hidden.
"use strict";

customElements.define("scope-grid", class extends HTMLElement {
  connectedCallback() {
    this.grid = this.querySelector(".grid");
    this.cards = [...this.querySelectorAll(".card")];
    this.sort = this.querySelector("[name=sort]");
    this.again = this.querySelector("[name=again]");
    this.dead = this.querySelector("[name=dead]");
    this.querySelector(".controls").hidden = false;
    this.sort.onchange = () => { Scope.set({ sort: this.sort.value, seed: this.sort.value === "random" ? 1 : null }); this.show(); };
    this.again.onclick = () => { Scope.set({ seed: Number(Scope.get("seed")) + 1 }); this.show(); };
    this.dead.onchange = () => { Scope.set({ dead: this.dead.checked ? "hide" : null }); this.show(); };
    this.show();
  }

  show() {
    const wanted = Scope.get("sort");
    this.sort.value = [...this.sort.options].some(option => option.value === wanted) ? wanted : "channel";
    this.dead.checked = Scope.get("dead") === "hide";
    this.again.hidden = this.sort.value !== "random";
    const key = this.key();
    this.cards.sort((a, b) => key(b) - key(a) || a.dataset.channel - b.dataset.channel);
    for (const card of this.cards) card.hidden = this.dead.checked && card.classList.contains("dead");
    this.grid.append(...this.cards);
    const shown = this.cards.filter(card => !card.hidden).length;
    this.querySelector("output").textContent = `${shown} shown of ${this.cards.length}`;
  }

  /** The number that the cards are sorted by, largest first. */
  key() {
    if (this.sort.value === "channel") return card => -card.dataset.channel;
    if (this.sort.value !== "random") return card => Number(card.dataset[this.sort.value]);
    const seed = Number(Scope.get("seed")) || 1;
    return card => scramble(Number(card.dataset.channel) + seed * 65536);
  }
});

/** A 32-bit finaliser (Wang): equal seeds give equal orders everywhere. */
function scramble(number) {
  let hash = (number ^ 61) ^ (number >>> 16);
  hash = Math.imul(hash, 9);
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 0x27d4eb2d);
  return (hash ^ (hash >>> 15)) >>> 0;
}
