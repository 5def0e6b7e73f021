// One picture through every layer: one cursor on the photograph and on all maps, with the numbers under it.
"use strict";

Scope.stack = data => { Scope.stacked = data; };

/** Grey levels of a picture that came within the script: those of a file may not be read back. */
Scope.levels = async source => {
  const picture = await Scope.picture(source);
  const brush = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  brush.drawImage(picture, 0, 0);
  const { data } = brush.getImageData(0, 0, picture.width, picture.height);
  return (x, y) => data[4 * (y * picture.width + x)];
};

customElements.define("scope-stack", class extends HTMLElement {
  async connectedCallback() {
    if (!("made" in this.dataset)) return;
    await Scope.load("stack.js");
    Object.assign(this, Scope.stacked);
    const all = selector => [...this.querySelectorAll(selector)];
    this.veil = new Scope.Veil(this.querySelector(".main"));
    this.tiles = all(".tile");
    for (const tile of this.tiles) {
      tile.layer = this.layers[tile.dataset.row];
      tile.number = tile.querySelector(".value");
      tile.onclick = event => event.ctrlKey || event.metaKey || this.show(null, tile) || event.preventDefault();
    }
    for (const one of [this, ...this.boards]) one.level = one.pixels && await Scope.levels(one.pixels);
    for (const area of all(".stage, .tile svg.map")) area.onpointermove = event => this.follow(event, area);
    const walk = (...by) => event => this.walk(by, event.shiftKey ? 5 : 1);
    const next = by => () => this.show(null, this.tiles[this.tiles.indexOf(this.tile) + by], true);
    const deeper = by => () => this.show(null, this.tiles.find(({ layer }) => layer === this.layers[this.layers.indexOf(this.tile.layer) + by]), true);
    const modes = ["colour", "grey", "spotlight"];
    const look = mode => { Scope.set({ map: this.dataset.map = mode }); this.light(); };
    Scope.keys({
      ArrowLeft: walk(-1, 0), ArrowRight: walk(1, 0), ArrowUp: walk(0, -1), ArrowDown: walk(0, 1),
      j: next(1), k: next(-1), "[": deeper(-1), "]": deeper(1),
      m: () => look(modes[(modes.indexOf(this.dataset.map) + 1) % 3]),
    });
    const [layer, channel] = [Scope.get("layer") || this.dataset.layer, Scope.get("c") || this.dataset.channel];
    const at = (Scope.get("at") || ".5,.5").split(",").map(Number);
    this.dataset.map = modes.find(mode => mode === Scope.get("map")) || "colour";
    this.show(at, this.tiles.find(tile => tile.layer.name === layer && tile.dataset.channel === channel) || this.tiles[0]);
  }

  /** The pointer over a picture of the whole input, or over a map, whose cells may reach beyond it. */
  follow(event, area) {
    const box = area.getBoundingClientRect();
    const tile = area.closest(".tile");
    const share = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    this.show(tile ? this.share(tile.layer, share[0] * tile.layer.width, share[1] * tile.layer.height) : share);
  }

  /** The place of a cell in shares of the input, and the cell at such a place. */
  share({ cell: [left, top, across, down] }, x, y) { return [(left + x * across) / this.width, (top + y * down) / this.height]; }
  cell({ cell: [left, top, across, down], width, height }) {
    const within = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value)));
    return [within((this.at[0] * this.width - left) / across, width), within((this.at[1] * this.height - top) / down, height)];
  }

  walk([across, down], far) {
    if (!document.activeElement.matches("body, .stage, .tile")) return false;
    const [x, y] = this.cell(this.tile.layer);
    this.show(this.share(this.tile.layer, x + across * far + 0.5, y + down * far + 0.5));
  }

  show(at, tile = this.tile, scroll = false) {
    if (at) this.at = at.map(value => Math.min(0.9999, Math.max(0, value || 0)));
    if (tile !== this.tile) this.choose(tile);
    if (scroll) tile.scrollIntoView({ block: "nearest" });
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 200);
  }

  /** The chosen map: its projection where one is kept, and its light on the photograph. */
  choose(tile) {
    this.tile = tile;
    for (const other of this.tiles) {
      other.tabIndex = other === tile ? 0 : -1;
      other.toggleAttribute("aria-current", other === tile);
    }
    this.unit = `${tile.layer.name}:${tile.dataset.channel}`;
    const found = this.boards.find(({ lens, unit }) => lens === "deconvnet" && unit === this.unit);
    const [picture, words] = ["img", ".unit"].map(part => this.querySelector(`[data-lens=deconvnet] ${part}`));
    words.textContent = `of ${this.unit}${found ? "" : ": not made yet"}`;
    if (picture) picture.classList.toggle("missing", !found);
    if (picture && found) [picture.src, picture.alt] = [Scope.root + found.source, found.words];
    this.light();
  }

  paint() {
    const { columns, rows } = this.tile.layer;
    const [x, y] = this.cell(this.tile.layer);
    const [[left, right], [top, bottom]] = [columns[x] || columns[0], rows[y] || rows[0]];
    this.sees = `${right - left} × ${bottom - top}`;
    Scope.outline(this, "field", [left, top, right, bottom]);
    Scope.outline(this, "cell", [...this.share(this.tile.layer, x, y), ...this.share(this.tile.layer, x + 1, y + 1)]
      .map((value, place) => value * (place % 2 ? this.height : this.width)));
    for (const { layer, dataset: { place }, number, firstElementChild: { lastElementChild: ring } } of this.tiles) {
      const cell = this.cell(layer);
      const [across, down] = [place * layer.width + cell[0], layer.top + cell[1]];
      const level = this.level(across, down);
      number.textContent = level ? (level / 255 * layer.tops[place]).toPrecision(3) : "≤ 0";
      ring.setAttribute("x", across);
      ring.setAttribute("y", down);
    }
    for (const { lens, level, scale, signed } of this.boards) {
      if (!level) continue;
      const value = level(Math.floor(this.at[0] * this.width), Math.floor(this.at[1] * this.height));
      this.querySelector(`[data-lens=${lens}] .value`).textContent = ((signed ? (value - 128) / 127 : value / 255) * scale).toPrecision(3);
    }
  }

  rest() {
    const { layer, number, dataset: { channel } } = this.tile;
    const [x, y] = this.cell(layer);
    Scope.set({ layer: layer.name, c: channel, at: this.at.map(share => share.toFixed(3)).join(",") });
    this.querySelector(".readout").textContent = `${this.unit} is ${number.textContent} in row ${y + 1} of ${layer.height}, `
      + `column ${x + 1} of ${layer.width}, which can see ${this.sees} pixels.`;
  }

  light() {
    const { layer, dataset: { place } } = this.tile;
    if (this.dataset.map === "spotlight") this.veil.drop(this.pixels, { ...layer, left: place * layer.width }, 0, this);
    else this.veil.lift();
  }
});
