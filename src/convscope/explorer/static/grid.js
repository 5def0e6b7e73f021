// Asks, sorts and shows the channels of a layer in three ways; the cards are the server's, only moved and hidden.
"use strict";

customElements.define("scope-grid", class extends HTMLElement {
  connectedCallback() {
    this.grid = this.querySelector(".grid");
    this.cards = [...this.querySelectorAll(".card")];
    this.table = Scope.channels(JSON.parse(this.querySelector("script").textContent));
    this.fields = [...this.querySelectorAll("[name]")];
    for (const field of this.fields) field.oninput = () => this.turn({ [field.name]: (field.type === "checkbox" ? field.checked && "hide" : field.value) || null });
    this.again = this.querySelector(".again");
    this.again.onclick = () => this.turn({ seed: Scope.seed() + 1 });
    this.querySelectorAll("[data-by]").forEach(head => {
      head.onclick = () => this.turn({ sort: (Scope.get("sort") === head.dataset.by ? "-" : "") + head.dataset.by });
    });
    addEventListener("popstate", () => this.show());
    this.show();
  }

  turn(entries) { Scope.set(entries); this.show(); }

  show() {
    for (const field of this.fields) {
      const value = Scope.get(field.name) || "";
      if (field.type === "checkbox") field.checked = value === "hide"; else if (field.value !== value) field.value = value;
    }
    const { rows, unknown } = Scope.ask(this.table, Scope.get("f") || ""), sort = Scope.get("sort") || "";
    const shown = this.shown = Scope.sort(this.table, rows, sort).map(row => this.cards[row]).filter(card => !(Scope.get("dead") && card.matches(".dead")));
    this.again.hidden = sort !== "random";
    this.grid.dataset.view = Scope.get("view") || "";
    const these = new Set(shown), lie = [...this.grid.children].filter(card => these.has(card));
    for (const card of this.cards) card.hidden = !these.has(card);
    clearTimeout(this.grid.later);
    if (shown.some((card, place) => card !== lie[place])) Scope.fill(this.grid, shown, card => card, "prepend");
    this.querySelector("output").textContent = `${shown.length} shown of ${this.cards.length}` + (unknown.length ? `. Not understood: ${unknown.join(" ")}` : "");
  }
});
