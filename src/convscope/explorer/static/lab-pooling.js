// Maxima and averages of a real map, their switches, and what a shift changes.
"use strict";

customElements.define("scope-pooling", class extends HTMLElement {
  connectedCallback() {
    this.data = Scope.lab(this);
    this.onchange = () => this.show();
    this.show();
  }

  show() {
    const by = this.querySelector("[name=by]").value;
    const shift = Number(this.querySelector("[name=shift]").value);
    const { cells, changed, switches, [by]: after } = this.data[shift];
    const moved = marks => index => (marks.flat()[index] ? "changed" : "");
    const table = name => this.querySelector(`[data-matrix=${name}]`);
    for (const name of ["max", "avg"]) table(name).hidden = name !== by;
    Scope.write(table("cells"), cells, 255, index =>
      `${moved(changed)(index)} ${by === "max" && switches.includes(index) ? "switch" : ""}`);
    Scope.write(table(by), after.values, 255, moved(after.changed));
    for (const row of this.querySelectorAll("[data-shift]")) row.className = Number(row.dataset.shift) === shift ? "now" : "";
    const count = marks => marks.flat().filter(Boolean).length;
    const words = by === "max" ? "maxima" : "averages";
    this.querySelector(".readout").textContent = shift
      ? `Moved by ${shift}: ${count(changed)} of ${changed.flat().length} cells changed, `
        + `and ${count(after.changed)} of ${after.changed.flat().length} ${words}. What changed is underlined.`
      : by === "max" ? "The outlined cells are the switches: the winner of each four; of equal ones the first." : "An average has no switch: all four count.";
  }
});
