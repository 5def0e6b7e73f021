// The tools of every page: colours, and the list of keys with the switch that turns single letters off. They come
// with the first script, so they wait until the page is there.
"use strict";

const define = (name, kind) => addEventListener("DOMContentLoaded", () => customElements.define(name, kind));

define("scope-keys", class extends HTMLElement {
  connectedCallback() {
    const dialog = this.querySelector("dialog");
    const letters = this.querySelector("input");
    this.hidden = false;
    letters.checked = Scope.store("letters") !== "off";
    letters.onchange = () => Scope.store("letters", letters.checked ? "on" : "off");
    this.querySelector("button").onclick = () => dialog.showModal();
    dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
    dialog.querySelector(".close").onclick = () => dialog.close();
    Scope.keys({ "?": () => (dialog.open ? dialog.close() : dialog.showModal()), "/": () => this.ask(), g: () => this.go(),
      y: event => this.copy(event.shiftKey), "[": this.turn("prev"), "]": this.turn("next") });
  }

  /** The address of what is seen, or the Python that says the same; a browser that refuses says so. */
  async copy(python) {
    const code = [...document.querySelectorAll("main pre code")].find(code => code.textContent.includes("import convscope"));
    const said = this.querySelector(".copied"), text = python ? code?.textContent : location.href;
    try {
      await navigator.clipboard.writeText(text.trim());
      said.textContent = python ? "Python copied" : "Address copied";
    } catch { said.textContent = "Nothing copied"; }
    setTimeout(() => { said.textContent = ""; }, 3000);
  }

  /** Follows a page's own link to its neighbour. */
  turn(way) { return () => document.querySelector(`a[rel=${way}]`)?.click(); }

  ask() {
    const field = document.querySelector("input[type=search]");
    if (field) field.focus(); else location.href = Scope.page("search/");
  }

  /** The key after g opens the page of the head that begins with it; of several the one that says so. */
  go() {
    document.addEventListener("keydown", event => {
      if (Scope.typing(event)) return;
      const links = [...document.querySelectorAll(".top nav a")].filter(link => link.textContent.toLowerCase().startsWith(event.key));
      event.stopPropagation();
      if (links.length) location.href = (links.find(link => link.textContent === "Layers") || links[0]).href;
    }, { once: true, capture: true });
  }
});

define("scope-theme", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.show(document.documentElement.dataset.theme || "system");
    this.querySelector("button").onclick = () => {
      const next = Scope.themes[(Scope.themes.indexOf(this.theme) + 1) % Scope.themes.length];
      Scope.store("theme", next);
      this.show(Scope.theme(next));
    };
  }

  show(theme) {
    this.theme = theme;
    const button = this.querySelector("button");
    button.textContent = { system: "◐ Auto", light: "○ Light", dark: "● Dark" }[theme];
    button.setAttribute("aria-label", `Colours: ${theme}. Change`);
  }
});
