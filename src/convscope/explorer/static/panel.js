// One channel over the page of its layer. The text is the server's own, kept some channels a script.
"use strict";

/** Puts one text of a script of them into `body`; what is asked later wins. */
Scope.text = async (body, address, key, missing) => {
  try {
    const wanted = body.dataset.wanted = `${address}${key}`, made = address && await Scope.made(address, key);
    if (body.dataset.wanted !== wanted) return;
    if (!made) throw new Error(missing);
    body.replaceChildren(made.content.cloneNode(true));
  } catch (problem) {
    body.textContent = problem.message;
  }
};

/** One text of a script of them as a template, its pictures on their way; made once. */
Scope.made = async (address, key) => {
  const texts = await Scope.data(address), text = texts[key];
  if (typeof text !== "string") return text;
  const made = texts[key] = Scope.make("template"), panel = text.replaceAll('="../../', `="${Scope.root}`);  // links as deep as this page
  made.innerHTML = Scope.trust.createHTML(panel);
  for (const image of made.content.querySelectorAll("image")) new Image().src = image.getAttribute("href");
  return made;
};

/** Where a script of panels, or of another kind, has one channel. @param layer {folder, name, channels, shard: channels a script} */
Scope.place = (layer, text, kind = "panels") => {
  const channel = Number(text), there = Number.isInteger(channel) && channel >= 0 && channel < layer.channels;
  return [there && `layer/${layer.folder}/${kind}/${String(Math.floor(channel / layer.shard)).padStart(3, "0")}.js`, channel % layer.shard];
};
Scope.panel = (body, layer, text) => Scope.text(body, ...Scope.place(layer, text), `${layer.name} has channels 0 to ${layer.channels - 1}.`);

Scope.pins = () => (Scope.store("pins") || "").split("\n").filter(Boolean);
Scope.compare = () => { const [a, b] = Scope.pins().slice(-2); return `${Scope.page("compare/")}?${new URLSearchParams(b ? { a, b } : { a: a || "" })}`; };
Scope.pin = name => {
  const pins = Scope.pins(), others = pins.filter(pin => pin !== name);
  Scope.store("pins", (others.length < pins.length ? others : [...pins, name].slice(-8)).join("\n"));
};

customElements.define("scope-panel", class extends HTMLElement {
  connectedCallback() {
    const find = selector => this.querySelector(selector);
    [this.dialog, this.body, this.norm, this.pin] = ["dialog", ".panel-body", "[name=norm]", "[data-pin]"].map(find);
    this.layer = this.dataset;
    for (const part of this.querySelectorAll(".panel-bar [hidden]")) part.hidden = false;
    for (const button of this.querySelectorAll("[data-step]")) button.onclick = () => this.step(Number(button.dataset.step));
    this.norm.onchange = () => { Scope.set({ norm: this.norm.value || null }); this.dress(); };
    this.pin.onclick = () => this.toggle();
    find(".close").onclick = event => { event.preventDefault(); this.dialog.close(); };
    this.dialog.onclick = event => { if (event.target === this.dialog) this.dialog.close(); };
    this.dialog.onclose = () => {
      const channel = Scope.get("c");
      this.asked = null;
      if (channel === null) return;
      Scope.set({ c: null }, true);
      document.querySelector(`.card[data-channel="${channel}"] a`)?.focus();
    };
    document.addEventListener("click", event => {
      const link = event.target.closest(".card a, .kernel, .neighbours a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.open(new URL(link.href).searchParams.get("c"), true);
    });
    addEventListener("popstate", () => this.sync());
    const far = event => (event.shiftKey ? 10 : 1);
    Scope.keys({
      j: event => this.step(far(event)), k: event => this.step(-far(event)), p: () => this.toggle(),
      c: () => { location.href = Scope.compare(); }, r: () => this.draw(),
      n: () => { this.norm.selectedIndex = (this.norm.selectedIndex + 1) % 3; this.norm.onchange(); },
    });
    this.dialog.removeAttribute("open");  // printed open for those without scripts
    this.sync();
  }

  sync() {
    this.asked = Scope.get("c");
    if (this.asked === null) this.dialog.close(); else this.open(this.asked, false);
  }

  async open(text, step) {
    this.asked = text;
    await Scope.panel(this.body, this.layer, text);
    if (this.asked !== text) return;  // closed while it came, or another asked for
    if (Scope.get("c") !== text) Scope.set({ c: text }, step);
    if (!this.dialog.open) this.dialog[Scope.embed ? "show" : "showModal"]();  // the way out stays in reach
    if (document.activeElement === document.body) this.body.focus();  // the link that was followed is gone
    this.dress();
    this.dialog.scrollTop = 0;  // last, as it makes a layout
    setTimeout(() => this.ahead(), 100);
  }

  /** Makes the next two channels ready while one is looked at. */
  ahead() {
    const cards = this.shown(), next = cards.indexOf(Scope.get("c")) + 1;
    for (const channel of cards.slice(next, next + 2)) Scope.made(...Scope.place(this.layer, channel)).catch(() => {});  // who opens it is told
  }

  /** The scale asked for, and whether this channel is pinned. */
  dress() {
    this.norm.value = this.dialog.dataset.norm = Scope.get("norm") || "";
    this.pin.ariaPressed = Scope.pins().includes(`${this.layer.name}:${Scope.get("c")}`);
    this.querySelector("[data-compare]").href = Scope.compare();
  }

  /** Pins the open channel, or the one whose card has the focus; the second time unpins it. */
  toggle() {
    const channel = Scope.get("c") ?? document.activeElement.closest(".card")?.dataset.channel;
    if (channel === undefined) return;
    Scope.pin(`${this.layer.name}:${channel}`);
    this.dress();
    const pins = Scope.pins();
    for (const card of document.querySelector("scope-grid").cards) card.classList.toggle("pinned", pins.includes(`${this.layer.name}:${card.dataset.channel}`));
  }

  /** Channels in the order asked for, which their cards reach a moment later. */
  shown() { return document.querySelector("scope-grid").shown.map(card => card.dataset.channel); }

  /** Any of the channels shown. */
  draw() {
    const cards = this.shown();
    if (cards.length) this.open(cards[Math.floor(Math.random() * cards.length)], !this.dialog.open);
  }

  /** To the channel some cards further on. */
  step(by) {
    const cards = this.shown();
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
    if (Scope.index) code.textContent = code.textContent.replace("SITE/", new URL(Scope.root, location));
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
