// A slider over the layers: the box of the middle cell grows.
"use strict";

customElements.define("scope-field", class extends HTMLElement {
  connectedCallback() {
    Scope.lab(this);
    const slider = this.querySelector("input");
    slider.oninput = () => this.show(Number(slider.value));
    this.show(Number(slider.value));
  }

  show(index) {
    const boxes = [...this.querySelectorAll(".nested")], rows = [...this.querySelectorAll("tbody tr")];
    boxes.forEach((box, i) => box.classList.toggle("now", i === index));
    rows.forEach((row, i) => row.classList.toggle("now", i === index));
    const [width, height] = this.querySelector(".marker").getAttribute("viewBox").split(" ").slice(2);
    const { x, y, width: wide, height: tall } = Object.fromEntries(
      [...boxes[index].lastElementChild.attributes].map(({ name, value }) => [name, value]));
    this.querySelector(".shade").setAttribute("d", `M0 0h${width}v${height}H0zM${x} ${y}h${wide}v${tall}h-${wide}z`);
    const words = rows[index].dataset.words;
    this.querySelector(".readout").textContent = words;
    this.querySelector("input").setAttribute("aria-valuetext", words);
  }
});
