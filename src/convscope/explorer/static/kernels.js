// The maps of the first layer for another picture.
"use strict";

customElements.define("scope-kernels", class extends HTMLElement {
  connectedCallback() {
    const select = this.querySelector("select");
    const photo = this.querySelector(".photo");
    this.querySelector("label").hidden = false;
    select.onchange = () => {
      const option = select.selectedOptions[0];
      photo.src = option.dataset.photo;
      photo.alt = `The picture ${option.textContent}`;
      for (const image of this.querySelectorAll(".map image")) {
        image.setAttribute("href", image.getAttribute("href").replace(/\d+\.png$/, `${option.value}.png`));
      }
    };
  }
});
