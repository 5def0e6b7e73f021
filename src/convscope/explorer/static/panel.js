// One channel over the page of its layer. The text is the server's own, kept 64 channels a script.
"use strict";

customElements.define("scope-panel", class extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.body = this.querySelector(".panel-body");
    this.count = Number(this.dataset.channels);
    for (const button of this.querySelectorAll("[data-step]")) {
      button.hidden = false;
      button.onclick = () => this.step(Number(button.dataset.step));
    }
    this.querySelector(".close").onclick = event => { event.preventDefault(); this.dialog.close(); };
    this.dialog.onclick = event => { if (event.target === this.dialog) this.dialog.close(); };
    this.dialog.onclose = () => { if (Scope.get("c") !== null) Scope.set({ c: null }, true); };
    document.addEventListener("click", event => {
      const link = event.target.closest(".card a, .kernel");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.open(new URL(link.href).searchParams.get("c"), true);
    });
    addEventListener("popstate", () => this.sync());
    const far = event => (event.shiftKey ? 10 : 1);
    Scope.keys({ j: event => this.step(far(event)), k: event => this.step(-far(event)) });
    this.dialog.removeAttribute("open");  // printed open for those without scripts
    this.sync();
  }

  sync() {
    const channel = Scope.get("c");
    if (channel === null) this.dialog.close(); else this.open(channel, false);
  }

  async open(text, step) {
    const channel = Number(text);
    this.wanted = channel;
    try {
      const panel = await this.text(channel);
      if (this.wanted !== channel) return;
      this.body.innerHTML = Scope.trust.createHTML(panel);
    } catch (problem) {
      this.body.textContent = problem.message;
    }
    if (Scope.get("c") !== String(channel)) Scope.set({ c: channel }, step);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
  }

  async text(channel) {
    if (!(Number.isInteger(channel) && channel >= 0 && channel < this.count)) {
      throw new Error(`${this.dataset.layer} has channels 0 to ${this.count - 1}.`);
    }
    const size = Number(this.dataset.shard), shard = String(Math.floor(channel / size)).padStart(3, "0");
    return (await Scope.data(`layer/${this.dataset.folder}/panels/${shard}.js`))[channel % size];
  }

  /** To the channel some cards further on, in the order in which the page shows them. */
  step(by) {
    const cards = [...document.querySelectorAll(".card:not([hidden])")].map(card => card.dataset.channel);
    const here = this.dialog.open ? cards.indexOf(Scope.get("c")) : by > 0 ? -1 : cards.length;
    const next = Math.min(cards.length - 1, Math.max(0, here + by));
    if (cards.length && next !== here) this.open(cards[next], !this.dialog.open);
  }
});

customElements.define("scope-copy", class extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    const code = this.querySelector("code");
    button.hidden = false;
    button.onclick = async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {  // a browser may refuse the clipboard; then the text is at least selected
        getSelection().selectAllChildren(code);
        button.textContent = "Selected: copy it now";
      }
    };
  }
});
