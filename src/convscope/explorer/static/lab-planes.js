// Planes of numbers that share one cursor: it moves by pointer and arrow keys and reads all of them.
"use strict";

customElements.define("scope-planes", class extends HTMLElement {
  connectedCallback() {
    this.data = Scope.lab(this);
    this.planes = [...this.querySelectorAll("[data-plane]")].map(svg => ({
      svg, name: svg.dataset.plane, cells: svg.querySelectorAll("rect"), here: svg.querySelector(".here"), waits: "hollow" in svg.dataset,
    }));
    const [rows, columns] = this.data.size;
    for (const { svg, here } of this.planes) {
      if (here) Scope.walk(svg, (y, x) => this.show(Math.floor(y * rows), Math.floor(x * columns)), (y, x) => this.show(this.y + y, this.x + x));
    }
    this.querySelectorAll("button").forEach(button => { button.onclick = () => this.draw(button.name === "fill"); });
    this.onchange = () => this.draw();
    [this.y, this.x] = this.data.at;
    this.draw();
  }

  /** All cells of the chosen view; those that wait to be visited only when told so. */
  draw(all = false) {
    this.view = this.data.views[this.querySelector("select")?.value ?? 0];
    for (const plane of this.planes) this.view[plane.name]?.forEach((_, i) => this.cell(plane, i, all || !plane.waits));
    this.show(this.y, this.x);
  }

  cell({ name, cells }, i, seen) {
    const cell = cells[i], value = this.view[name][i], text = cell.nextSibling;
    if (value[0] === "#") cell.setAttribute("fill", value);
    else cell.setAttribute("class", `cell ${seen ? Scope.tint(value, this.data.most[name]) : "hollow"}`);
    if (text?.localName === "text") text.textContent = Scope.exact(value);
  }

  show(y, x) {
    const [rows, columns] = this.data.size;
    this.y = y = Math.max(0, Math.min(rows - 1, y));
    this.x = x = Math.max(0, Math.min(columns - 1, x));
    const at = y * columns + x;
    for (const plane of this.planes) {
      if (plane.waits) this.cell(plane, at, true);
      const step = this.data.step[plane.name] ?? 1;
      plane.here?.setAttribute("transform", `translate(${x * step} ${y * step})`);
    }
    for (const place of this.querySelectorAll("[data-at]")) {
      place.textContent = Scope.exact({ row: y + 1, column: x + 1 }[place.dataset.at] ?? this.view[place.dataset.at][at]);
    }
  }
});
