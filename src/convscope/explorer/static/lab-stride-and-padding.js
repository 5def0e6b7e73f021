// A window walks along a row of pixels: every answer was worked out beforehand, this only draws it.
"use strict";

customElements.define("scope-stride", class extends HTMLElement {
  connectedCallback() {
    this.data = Scope.lab(this);
    this.onchange = () => this.show();
    this.show();
  }

  /** The settings as numbers and words, and the answer at their place in the product of all choices. */
  chosen() {
    const settings = {};
    let place = 0;
    for (const [name, choices] of this.data.choices) {
      const index = this.querySelector(`[name=${name}]`).selectedIndex;
      settings[name] = choices[index];
      place = place * choices.length + index;
    }
    return [settings, this.data.walks[place]];
  }

  show() {
    const [settings, [before, after, outputs, dropped, visits, formula, said]] = this.chosen();
    this.draw(settings, before, after, outputs, dropped, visits);
    this.querySelector(".formula").textContent = formula;
    this.querySelector(".said").textContent = `${outputs} output${outputs === 1 ? "" : "s"}; the pixels are visited `
      + `${[...visits].join(", ")} times${dropped ? `; ${dropped} dropped` : ""}.`;
    this.querySelector(".holds").hidden = said.length > 0;
    this.querySelector(".promises").replaceChildren(...said.map(index => Scope.make("li", {}, this.data.sentences[index])));
  }

  draw({ pixels, kernel, stride, dilation }, before, after, outputs, dropped, visits) {
    const svg = this.querySelector("svg");
    const parts = [];
    const add = (name, attributes, text = "") => {
      const part = document.createElementNS(svg.namespaceURI, name);
      for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
      part.textContent = text;
      parts.push(part);
    };
    for (let x = -before; x < pixels + after; x++) {
      const inside = x >= 0 && x < pixels, fill = inside ? { fill: this.data.colours[x % this.data.colours.length] } : {};
      add("rect", { class: inside ? "pixel" : "padding", x, width: 1, height: 1, ...fill });
      if (inside && x >= pixels - dropped) {
        for (const part of ["lost casing", "lost"]) add("path", { class: part, d: `M${x} 0l1 1m-1 0l1-1` });
      }
      if (inside) add("text", { x: x + 0.5, y: 1.5 }, visits[x]);
      else add("text", { class: "zero", x: x + 0.5, y: 0.67 }, "0");
    }
    for (let place = 0; place < outputs; place++) {
      const start = place * stride - before, y = 2.1 + place * 0.6;
      add("path", { class: "span", d: `M${start} ${y}h${dilation * (kernel - 1) + 1}` });
      let sum = 0;
      for (let tap = 0; tap < kernel; tap++) {
        const at = start + tap * dilation;
        sum += at < pixels && this.data.levels[at] || 0;
        add("circle", { cx: at + 0.5, cy: y, r: 0.16 });
      }
      add("text", { class: "answer", x: pixels + after + 0.3, y: y + 0.14 }, Scope.exact(sum / kernel));
    }
    svg.replaceChildren(...parts);
    svg.setAttribute("viewBox", `${-before} 0 ${before + pixels + after + 2.4} ${1.9 + outputs * 0.6}`);
    svg.setAttribute("width", (before + pixels + after + 2.4) * 36);
    svg.setAttribute("aria-label", `${outputs} places of a kernel of ${kernel}`);
  }
});
