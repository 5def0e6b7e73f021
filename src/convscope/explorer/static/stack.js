// One picture through every layer: one cursor on the photograph and on all maps, with the numbers under it.
/** Grey levels of a picture that came within the script: those of a file may not be read back. */
Scope.grey = async source => {
  const picture = await Scope.picture(source);
  const { width, height } = picture;
  const brush = new OffscreenCanvas(width, height).getContext("2d");
  brush.drawImage(picture, 0, 0);
  const { data } = brush.getImageData(0, 0, width, height);
  return (x, y) => data[4 * (y * width + x)];
};

customElements.define("scope-stack", class extends HTMLElement {
  async connectedCallback() {
    if (!this.dataset.unit) return;
    Object.assign(this, await Scope.data(this.dataset.source));
    for (const one of [this, ...this.boards]) one.level = one.pixels && await Scope.grey(one.pixels);
    this.tiles = [...this.querySelectorAll(".tile")];
    for (const tile of this.tiles) {
      [tile.layer, tile.number, tile.ring] = [this.layers[tile.dataset.row], ...["output", ".ring"].map(one => tile.querySelector(one))];
      tile.onclick = event => { if (!event.ctrlKey) { event.preventDefault(); this.show(0, tile); } };
    }
    for (const area of this.querySelectorAll(".stage, svg.map")) {
      area.onpointermove = event => {
        const { left, top, width, height } = area.getBoundingClientRect();
        const { layer } = area.parentElement;
        const at = [(event.clientX - left) / width, (event.clientY - top) / height];
        this.show(layer ? this.share(layer, at[0] * layer.width, at[1] * layer.height) : at);
      };
    }
    const walk = (across, down) => () => {
      if (!document.activeElement.matches("body, .stage, .tile")) return false;
      const [x, y] = this.cell(this.tile.layer);
      this.show(this.share(this.tile.layer, x + across + 0.5, y + down + 0.5));
    };
    const choose = tile => { this.show(0, tile); this.tile.scrollIntoView({ block: "nearest" }); };
    const next = by => () => choose(this.tiles[this.tiles.indexOf(this.tile) + by]);
    const deeper = by => () => choose(this.tiles.find(tile => tile.dataset.row - this.tile.dataset.row === by));
    Scope.keys({
      ArrowLeft: walk(-1, 0), ArrowRight: walk(1, 0), ArrowUp: walk(0, -1), ArrowDown: walk(0, 1),
      j: next(1), k: next(-1), "[": deeper(-1), "]": deeper(1), m: () => Scope.set({ map: this.classList.toggle("grey") ? "grey" : null }),
    });
    this.classList.toggle("grey", Scope.get("map") === "grey");
    const first = Scope.get("unit") || this.dataset.unit;
    const at = (Scope.get("at") || ".5,.5").split(",").map(share => +share || 0);
    this.show(at, this.tiles.find(tile => tile.dataset.unit === first) || this.tiles[0]);
  }

  /** A place in cells of a layer as shares of the input, and the cell at the cursor. */
  share({ cell: [left, top, across, down] }, x, y) { return [(left + x * across) / this.width, (top + y * down) / this.height]; }
  cell({ cell: [left, top, across, down], width, height }) {
    const within = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value)));
    return [within((this.at[0] * this.width - left) / across, width), within((this.at[1] * this.height - top) / down, height)];
  }

  show(at, tile = this.tile) {
    if (at) this.at = at;
    if (tile !== this.tile) this.choose(tile);
    this.paint();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 200);
  }

  /** The chosen map, and its projection where one is kept. */
  choose(tile) {
    this.tile = tile;
    for (const other of this.tiles) other.tabIndex = other.toggleAttribute("aria-current", other === tile) - 1;
    this.unit = tile.dataset.unit;
    const found = this.boards.find(({ lens, unit }) => lens === "deconvnet" && unit === this.unit);
    const board = this.querySelector("[data-lens=deconvnet]");
    board.querySelector(".full").textContent = found ? found.words : `${this.unit} is not projected.`;
    board.classList.toggle("missing", !found);
    if (found) Object.assign(board.querySelector("img"), { src: Scope.root + found.source, alt: found.words });
  }

  paint() {
    const { layer } = this.tile;
    const [x, y] = this.cell(layer);
    const [[left, right], [top, bottom]] = [layer.columns[x] || layer.columns[0], layer.rows[y] || layer.rows[0]];
    Scope.outline(this, "field", [left, top, right, bottom]);
    const [start, above, across, down] = layer.cell;
    Scope.outline(this, "cell", [start + x * across, above + y * down, start + (x + 1) * across, above + (y + 1) * down]);
    for (const { layer, dataset: { place }, number, ring } of this.tiles) {
      const cell = this.cell(layer);
      const at = [place * layer.width + cell[0], layer.top + cell[1]];
      const level = this.level(...at);
      number.textContent = level ? Number((level * layer.steps[place]).toPrecision(3)) : "≤ 0";
      if (ring) [ring.x.baseVal.value, ring.y.baseVal.value] = at;
    }
    const pixel = this.cell({ cell: [0, 0, 1, 1], width: this.width, height: this.height });
    for (const { lens, unit, level, zero, step } of this.boards) {
      const board = this.querySelector(`[data-lens=${lens}]`);
      if (level && board.dataset.unit === unit) board.querySelector("output").textContent = Number(((level(...pixel) - zero) * step).toPrecision(3));
    }
    this.words = `${this.unit} is ${this.tile.number.textContent} here and sees ${right - left} × ${bottom - top} pixels.`;
  }

  rest() {
    Scope.set({ unit: this.unit, at: this.at.map(share => share.toFixed(3)) });
    this.querySelector(".readout").textContent = this.words;
  }
});
