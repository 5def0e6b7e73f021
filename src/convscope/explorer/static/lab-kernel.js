// The kernel slides: every product, the sum and the bias are printed, and the map fills in.
"use strict";

customElements.define("scope-kernel", class extends HTMLElement {
  connectedCallback() {
    this.data = Scope.lab(this);
    this.select = this.querySelector("select");
    this.select.onchange = () => this.choose();
    this.querySelector("[name=step]").onclick = () => this.next();
    this.querySelector("[name=fill]").onclick = () => this.fill();
    this.querySelector("[name=clear]").onclick = () => this.choose();
    for (const bench of this.querySelectorAll(".bench")) {
      for (const svg of bench.querySelectorAll(".pixels, .map-cells")) {
        Scope.walk(svg, (y, x) => this.show(Math.floor(y * this.rows), Math.floor(x * this.columns)),
          (y, x) => this.show(this.at[0] + y, this.at[1] + x));
      }
    }
    this.choose();
  }

  /** Puts the chosen kernel where it answers most strongly, over an empty map. */
  choose() {
    const [key, place] = this.select.value.split("/");
    this.bench = this.data.benches[key];
    this.slide = this.bench.slides[place];
    for (const bench of this.querySelectorAll(".bench")) {
      bench.hidden = bench.dataset.bench !== key;
      if (!bench.hidden) this.view = bench;
    }
    this.cells = [...this.view.querySelectorAll(".cell")];
    this.cells.forEach(cell => cell.setAttribute("class", "cell hollow"));
    this.highest = Scope.largest(this.slide.map);
    this.show(...this.slide.opening);
  }

  get rows() { return this.slide.map.length; }
  get columns() { return this.slide.map[0].length; }

  show(y, x) {
    y = Math.max(0, Math.min(this.rows - 1, y));
    x = Math.max(0, Math.min(this.columns - 1, x));
    this.at = [y, x];
    const [down, across] = this.bench.step, [tall, wide] = this.bench.size;
    const read = this.bench.input.map(band =>
      band.slice(y * down, y * down + tall).map(row => row.slice(x * across, x * across + wide)));
    const products = read.map((band, c) => band.map((row, i) =>
      row.map((value, j) => value * this.slide.weight[c][i][j] + 0)));  // + 0: no negative zeros
    for (const [name, values] of Object.entries({ input: read, weight: this.slide.weight, product: products })) {
      const most = Scope.largest(values);
      this.view.querySelectorAll(`[data-matrix=${name}]`).forEach((table, c) => Scope.write(table, values[c], most));
    }
    this.say(y, x);
    this.reveal(y * this.columns + x);
    this.place(".pixels", this.data.left + x * across, this.data.top + y * down);
    this.place(".map-cells", x, y);
  }

  say(y, x) {
    const value = this.slide.map[y][x];
    const words = { "at-row": y + 1, "at-column": x + 1, bias: this.slide.bias, value, sum: value - this.slide.bias };
    for (const [name, number] of Object.entries(words)) {
      this.view.querySelector(`.${name}`).textContent = Scope.exact(number);
    }
  }

  reveal(index) {
    const value = this.slide.map[Math.floor(index / this.columns)][index % this.columns];
    this.cells[index].setAttribute("class", `cell ${Scope.tint(value, this.highest)}`);
  }

  place(svg, x, y) {
    for (const part of this.view.querySelectorAll(`${svg} > .casing, ${svg} > .line`)) {
      part.setAttribute("x", x);
      part.setAttribute("y", y);
    }
  }

  next() {
    const [y, x] = this.at, index = (y * this.columns + x + 1) % (this.rows * this.columns);
    this.show(Math.floor(index / this.columns), index % this.columns);
  }

  fill() { this.cells.forEach((_, index) => this.reveal(index)); }
});
