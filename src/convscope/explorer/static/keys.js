// The list of keys, and the switch that turns single letters off.
"use strict";

customElements.define("scope-keys", class extends HTMLElement {
  connectedCallback() {
    const dialog = this.querySelector("dialog");
    const letters = this.querySelector("input");
    this.hidden = false;
    letters.checked = Scope.store("letters") !== "off";
    letters.onchange = () => Scope.store("letters", letters.checked ? "on" : "off");
    this.querySelector("button").onclick = () => dialog.showModal();
    dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
    dialog.querySelector(".close").onclick = () => dialog.close();
    Scope.keys({ "?": () => (dialog.open ? dialog.close() : dialog.showModal()) });
  }
});
