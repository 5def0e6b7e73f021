// One picture through every layer: one cursor on the photograph and on all maps, with the numbers under it.
"use strict";

Scope.stack = data => { Scope.stacked = data; };
Scope.modes = ["colour", "grey", "spotlight"];

customElements.define("scope-stack", class extends HTMLElement {
  async connectedCallback() {
    if (!("made" in this.dataset)) return;
    await Scope.load("stack.js").catch(() => {});
    this.data = Scope.stacked;
    if (!this.data) return;
    this.rows = [...this.querySelectorAll(".depth-row")].map(row => [...row.querySelectorAll(".tile")]);
    this.veil = new Scope.Veil(this.querySelector(".stage.main"));
    this.maps = await this.levels(this.data.maps);
    for (const board of this.data.boards) board.levels = board.pixels && await this.levels(board.pixels);
    this.listen();
    const { layers, boards } = this.data;
    const [layer, channel] = (boards[0] ? boards[0].unit : "").split(/:(?=\d+$)/);
    const name = Scope.get("layer") || layer;
    const row = Math.max(0, layers.findIndex(one => one.name === name));
    const at = (Scope.get("at") || ".5,.5").split(",").map(Number);
    this.show({ row, map: this.place(row, Scope.get("c") || channel), at: at.every(Number.isFinite) ? at : [0.5, 0.5] });
    this.look(Scope.get("map") || "colour");
  }

  place(row, channel) { return Math.max(0, this.rows[row].findIndex(tile => tile.dataset.channel === channel)); }

  /** The grey levels of a picture that came within the script: those of a file may not be read back. */
  async levels(source) {
    const picture = new Image();
    picture.src = source;
    await picture.decode();
    const brush = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
    brush.drawImage(picture, 0, 0);
    const { data } = brush.getImageData(0, 0, picture.width, picture.height);
    return (x, y) => data[4 * (y * picture.width + x)];
  }

  listen() {
    const share = (event, element) => {
      const box = element.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    };
    for (const stage of this.querySelectorAll(".stage")) {
      stage.addEventListener("pointermove", event => this.show({ at: share(event, stage) }));
    }
    this.rows.forEach((tiles, row) => tiles.forEach((tile, map) => {
      const svg = tile.querySelector("svg.map");
      tile.onclick = event => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.show({ row, map });
      };
      if (!svg) return;
      tile.ring = svg.appendChild(document.createElementNS(svg.namespaceURI, "rect"));
      tile.ring.setAttribute("class", "ring");
      svg.addEventListener("pointermove", event => {
        const { cell, width, height } = this.data.layers[row];
        const [across, down] = share(event, svg);
        this.show({ row, at: [(cell[0] + across * width * cell[2]) / this.data.width, (cell[1] + down * height * cell[3]) / this.data.height] });
      });
    }));
    const walk = (across, down) => event => this.walk(event, across, down);
    const step = (name, by) => () => this.step(name, by);
    Scope.keys({
      ArrowLeft: walk(-1, 0), ArrowRight: walk(1, 0), ArrowUp: walk(0, -1), ArrowDown: walk(0, 1),
      "[": step("row", -1), "]": step("row", 1), j: step("map", 1), k: step("map", -1),
      m: () => this.look(Scope.modes[(Scope.modes.indexOf(this.dataset.map) + 1) % 3]),
    });
  }

  /** Cell (x, y) of a layer under the cursor. */
  cell({ cell: [left, top, across, down], width, height }) {
    const index = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value)));
    const [x, y] = this.state.at;
    return [index((x * this.data.width - left) / across, width), index((y * this.data.height - top) / down, height)];
  }

  show(change) {
    const before = this.state || {};
    this.state = { ...before, ...change };
    if (this.state.row !== before.row && !("map" in change)) this.state.map = 0;
    this.state.at = this.state.at.map(value => Math.min(0.9999, Math.max(0, value)));
    if (before.row !== this.state.row || before.map !== this.state.map) this.choose();
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paint());
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 200);
  }

  /** The chosen map: its projection where one is kept, and its light on the photograph. */
  choose() {
    const { row, map } = this.state;
    this.rows.flat().forEach(tile => { tile.tabIndex = -1; tile.removeAttribute("aria-current"); });
    this.tile = this.rows[row][map];
    this.tile.tabIndex = 0;
    this.tile.setAttribute("aria-current", "true");
    this.querySelectorAll(".depth-row").forEach((section, place) => section.classList.toggle("here", place === row));
    this.unit = `${this.data.layers[row].name}:${this.tile.dataset.channel}`;
    const found = this.data.boards.find(one => one.lens === "deconvnet" && one.unit.split("@")[0] === this.unit);
    const board = this.querySelector('[data-lens="deconvnet"]');
    board.querySelector(".unit").textContent = found ? `of ${found.unit}` : `of ${this.unit}: not made yet`;
    const picture = board.querySelector("img");
    if (picture) picture.hidden = !found;
    if (picture && found) {
      picture.src = Scope.root + found.source;
      picture.alt = found.words;
      board.querySelector(".full").textContent = found.scale.toPrecision(3);
    }
    this.light();
  }

  paint() {
    const { layers, boards } = this.data;
    const here = layers[this.state.row];
    const [x, y] = this.cell(here);
    const [left, top, across, down] = here.cell;
    const pick = (list, place) => list[list.length > 1 ? place : 0];
    const [[x0, x1], [y0, y1]] = [pick(here.columns, x), pick(here.rows, y)];
    const draw = (name, ...sizes) => this.querySelectorAll(`.marker .${name}`).forEach(part => {
      ["x", "y", "width", "height"].forEach((word, place) => part.setAttribute(word, sizes[place]));
    });
    draw("field", x0, y0, x1 - x0, y1 - y0);
    draw("cell", left + x * across, top + y * down, across, down);
    this.seen = [x1 - x0, y1 - y0];
    layers.forEach((layer, row) => {
      const [column, line] = this.cell(layer);
      this.rows[row].forEach((tile, map) => {
        const level = this.maps(map * layer.width + column, layer.top + line);
        tile.lastElementChild.lastElementChild.textContent = level ? (level / 255 * layer.tops[map]).toPrecision(3) : "≤ 0";
        if (!tile.ring) return;
        const ring = { x: map * layer.width + column, y: layer.top + line, width: 1, height: 1 };
        for (const [word, value] of Object.entries(ring)) tile.ring.setAttribute(word, value);
      });
    });
    for (const { lens, levels, scale, signed } of boards) {
      const value = levels && this.querySelector(`[data-lens="${lens}"] .value`);
      if (!value) continue;
      const level = levels(Math.floor(this.state.at[0] * this.data.width), Math.floor(this.state.at[1] * this.data.height));
      value.textContent = ((signed ? (level - 128) / 127 : level / 255) * scale).toPrecision(3);
    }
  }

  rest() {
    const { row, map, at } = this.state;
    const layer = this.data.layers[row];
    const [x, y] = this.cell(layer);
    Scope.set({ layer: layer.name, c: this.tile.dataset.channel, at: at.map(share => share.toFixed(3)).join(",") });
    const value = tile => tile.lastElementChild.lastElementChild.textContent;
    const boards = [...this.querySelectorAll(".board .value")].map(one => `${one.closest(".board").querySelector("h2").firstChild.data.trim()} ${one.textContent}`);
    this.querySelector("#readout").textContent = `${layer.name}, row ${y + 1} of ${layer.height}, column ${x + 1} of ${layer.width}: `
      + `channel ${this.tile.dataset.channel} is ${value(this.rows[row][map])}. It can see ${this.seen.join(" × ")} pixels. ${boards.join(", ")}.`;
  }

  step(name, by) {
    const count = name === "row" ? this.rows.length : this.rows[this.state.row].length;
    const next = this.state[name] + by;
    if (next < 0 || next >= count) return;
    this.show({ [name]: next });
    this.tile.scrollIntoView({ block: "nearest" });
  }

  /** One cell by an arrow key, unless the focus is where arrows mean something else. */
  walk(event, across, down) {
    if (!document.activeElement.matches("body, .stage, .tile")) return false;
    const layer = this.data.layers[this.state.row];
    const [x, y] = this.cell(layer);
    const far = event.shiftKey ? 5 : 1;
    const [left, top, width, height] = layer.cell;
    this.show({ at: [(left + (x + across * far + 0.5) * width) / this.data.width, (top + (y + down * far + 0.5) * height) / this.data.height] });
  }

  look(mode) {
    this.dataset.map = Scope.modes.includes(mode) ? mode : "colour";
    Scope.set({ map: this.dataset.map === "colour" ? null : this.dataset.map });
    this.light();
  }

  light() {
    if (this.dataset.map !== "spotlight" || !this.tile.ring) return this.veil.lift();
    const layer = this.data.layers[this.state.row];
    this.veil.drop(this.data.maps, { ...layer, left: this.state.map * layer.width }, 0, this.data);
  }
});
