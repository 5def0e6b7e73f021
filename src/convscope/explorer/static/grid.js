// Asks, sorts and shows the channels of a layer in three ways; the cards are the server's, only moved and taken out.
"use strict";

const inSight = ({ top, bottom }) => bottom > 0 && top < innerHeight;

customElements.define("scope-grid", class extends Scope.Asking {
  connectedCallback() {
    [this.grid, this.heads] = [".grid", ".heads"].map(selector => this.querySelector(selector));
    this.parts = [...this.grid.children];
    this.cards = [...this.querySelectorAll(".card")];
    this.many = this.parts[0]?.children.length;
    this.table = Scope.channels(JSON.parse(this.querySelector("script").textContent));
    this.listen();
  }

  show() {
    const [text, sort, dead, view] = ["f", "sort", "dead", "view"].map(name => Scope.get(name) || "");
    const { rows, unknown } = Scope.ask(this.table, text), { many } = this;
    const shown = this.shown = Scope.sort(this.table, rows, sort).map(row => this.cards[row]).filter(card => !(dead && card.matches(".dead")));
    const moved = this.parts.map((part, place) => ({ part, cards: shown.slice(place * many, (place + 1) * many) }))
      .filter(({ part, cards }) => cards.length !== part.children.length || cards.some((card, place) => card !== part.children[place]));
    const near = moved.filter(({ part }) => inSight(part.getBoundingClientRect()));  // asked before anything changes, as it needs a layout
    this.dress();
    if (view === "table") this.number();
    this.grid.dataset.view = view;
    this.heads.hidden = view !== "table";
    Scope.fill(this, [...near, ...moved.filter(one => !near.includes(one))], near.length, ({ part, cards }) => {
      part.replaceChildren(...cards);
      part.hidden = !cards.length;
    }, 4);
    this.say.textContent = `${shown.length} shown of ${this.cards.length}${this.like()}` + Scope.unknown(unknown);
  }

  /** The numbers that only the table shows, once somebody asks for it. */
  number() {
    this.number = () => {};
    this.cards.forEach((card, row) => card.querySelector(".most")?.after(
      ...["mean", "positive", "sel"].map(name => Scope.make("span", { className: "number" }, Scope.cell(this.table, name, row)))));
  }
});
