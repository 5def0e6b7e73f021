// What the lessons share: a guess opens its answer; and how their numbers are written and tinted.
"use strict";

/** A whole number as it is, any other with three digits after the point. @param {number} value */
Scope.exact = value => value.toFixed(Number.isInteger(value) ? 0 : 3)
  .replace(/^-(?=0\.0*$)/, "").replace("-", "−");

/** The class of a cell's colour, as in charts.tint. */
Scope.tint = (value, largest) => {
  const level = largest > 0 ? Math.round(9 * Math.min(Math.abs(value) / largest, 1)) : 0;
  return level ? (value > 0 ? "p" : "n") + level : "";
};

/** Writes numbers into the cells of a table, and their tints. */
Scope.write = (table, values, largest, extra = () => "") => {
  const cells = table.querySelectorAll("td");
  values.flat().forEach((value, i) => {
    cells[i].textContent = Scope.exact(value);
    cells[i].className = `${Scope.tint(value, largest)} ${extra(i)}`.trim();
  });
};

/** The largest absolute value of nested arrays of numbers. */
Scope.largest = values => Math.max(...values.flat(Infinity).map(Math.abs));

/** The data of a lab; its controls stand as the address says, and the address follows them. */
Scope.lab = element => {
  for (const control of element.querySelectorAll("select, [type=range]")) {
    const before = control.value;
    control.value = Scope.get(control.name) ?? before;
    if (!control.value) control.value = before;
    control.addEventListener("change", () => Scope.set({ [control.name]: control.value }));
  }
  element.classList.add("js");
  const data = element.querySelector("script");
  return data && JSON.parse(data.textContent);
};

/** Pointer and arrow keys on a picture: calls with the place as shares of its height and width, or with a step. */
Scope.walk = (picture, point, step) => {
  picture.onpointermove = picture.onpointerdown = event => {
    const box = picture.getBoundingClientRect();
    point((event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width);
  };
  picture.onkeydown = event => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!move) return;
    event.preventDefault();
    step(...move);
  };
};

customElements.define("scope-predict", class extends HTMLElement {
  connectedCallback() {
    const labels = [...this.querySelectorAll("label")];
    this.onchange = event => {
      const right = Number(this.dataset.right), guess = Number(event.target.value);
      labels.forEach((label, i) => {
        label.className = i === right ? "right" : i === guess ? "wrong" : "";
      });
      this.classList.add("answered");
      this.querySelector("details").open = true;
      this.querySelector(".verdict-line").textContent = guess === right
        ? "Yes." : `Not quite: ${labels[right].textContent.trim()}.`;
    };
  }
});
