// The Loupe: move over a picture and see, at that spot and depth, which channels answer and what they look for.
"use strict";

// these stand first: an element that is on the page already comes alive within its definition
const clampShare = value => Math.min(1, Math.max(0, value));
const clampIndex = (value, count) => Math.min(count - 1, Math.max(0, Math.floor(value)));

customElements.define("scope-loupe", class extends HTMLElement {
  connectedCallback() {
    const find = (selector, all) => (all ? [...this.querySelectorAll(selector)] : this.querySelector(selector));
    this.config = JSON.parse(find("script").textContent);
    this.stage = find(".stage");
    this.photo = find(".photo");
    this.veil = new Scope.Veil(this.stage);
    this.readout = find(".readout");
    this.answers = find(".answer:not(.random)", true);
    this.drawn = find(".answer.random");
    this.buttons = find(".rail button", true);
    this.thumbs = find(".chooser a", true);
    this.sights = new Map();  // what was loaded is shown at once, within the event that asks for it
    this.listen(find);
    this.show(this.addressed());
  }

  /** The state that the address asks for; what it leaves out opens as the atlas proposes. */
  addressed() {
    const { images, layers, image, layer, tour } = this.config;
    const row = images.findIndex(entry => String(entry.row) === Scope.get("image"));
    const name = layers.findIndex(entry => entry.name === Scope.get("layer"));
    const at = (Scope.get("at") || "").split(",").map(Number);
    return {
      image: row < 0 ? image : row,
      layer: name < 0 ? layers.findIndex(entry => entry.name === layer) : name,
      at: at.length === 2 && at.every(Number.isFinite) ? at.map(clampShare) : tour[0],
    };
  }

  listen(find) {
    const move = event => {
      const box = this.stage.getBoundingClientRect();
      this.show({ at: [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height].map(clampShare) });
    };
    this.stage.addEventListener("pointermove", move);
    this.stage.addEventListener("pointerdown", move);
    this.buttons.forEach((button, layer) => { button.onclick = () => this.show({ layer }); });
    find(".step", true).forEach(button => { button.onclick = () => this.deepen(Number(button.dataset.step)); });
    this.thumbs.forEach(link => {
      link.onclick = event => { event.preventDefault(); this.show({ image: Number(link.dataset.image) }); };
    });
    for (const answer of this.answers) {
      for (const kind of ["pointerenter", "focusin"]) answer.addEventListener(kind, () => this.light(answer));
      for (const kind of ["pointerleave", "focusout"]) answer.addEventListener(kind, () => this.light(null));
    }
    for (const strip of find(".strip", true)) {
      strip.onerror = () => {
        strip.classList.add("missing");
        strip.alt = "The pictures of this channel are missing: convscope survey RUN makes them";
      };
    }
    find(".random-channel").onclick = () => this.draw();
    const arrow = (down, across) => event => this.walk(event, down, across);
    const light = place => () => this.answers[place].querySelector("a").focus();
    Scope.keys({
      ArrowUp: arrow(-1, 0), ArrowDown: arrow(1, 0), ArrowLeft: arrow(0, -1), ArrowRight: arrow(0, 1),
      "[": () => this.deepen(-1), "]": () => this.deepen(1), r: () => this.draw(),
      1: light(0), 2: light(1), 3: light(2),
    });
  }

  /** Changes some of image, layer, at and shows it; the arrays of that image and layer come on demand. */
  async show(change) {
    this.state = { ...this.state, ...change };
    const { image, layer } = this.state;
    const wanted = this.config.layers[layer];
    const source = `loupe/${image}/${wanted.folder}.js`;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), 200);
    if ("image" in change || "layer" in change) this.frame();
    if (!this.sights.has(source)) {
      try {
        this.sights.set(source, await Scope.data(source));
      } catch {
        this.readout.textContent = `The data of ${wanted.name} is missing: convscope survey RUN makes it.`;
        return;
      }
      if (image !== this.state.image || layer !== this.state.layer) return;  // somebody has moved on
    }
    this.paint(this.sights.get(source), wanted);
  }

  /** The photograph, what the network says of it, and which buttons are pressed. */
  frame() {
    const { image, layer } = this.state;
    const shown = this.config.images[image];
    const put = (selector, text) => { this.querySelector(selector).textContent = text; };
    if (this.photo.getAttribute("src") !== shown.photo) this.photo.src = shown.photo;
    this.photo.alt = `The picture ${shown.id}`;
    put(".predicted", shown.predicted);
    put(".probability", shown.probability);
    put(".truth", shown.label && (shown.right ? "and that is right" : `but it is ${shown.label}`));
    this.thumbs.forEach(link => link.toggleAttribute("aria-current", Number(link.dataset.image) === image));
    this.buttons.forEach((button, place) => button.setAttribute("aria-checked", String(place === layer)));
    const rail = this.buttons[layer].parentElement;
    rail.scrollLeft = this.buttons[layer].offsetLeft - rail.offsetLeft - (rail.clientWidth - this.buttons[layer].offsetWidth) / 2;
    this.light(null);
    this.drawn.hidden = true;
  }

  paint(data, layer) {
    const [left, top, width, height] = data.cell;
    const [x, y] = [
      clampIndex((this.state.at[0] * this.config.width - left) / width, data.width),
      clampIndex((this.state.at[1] * this.config.height - top) / height, data.height),
    ];
    const field = [data.columns[x][0], data.rows[y][0], data.columns[x][1], data.rows[y][1]];
    this.here = { data, layer, x, y, field };
    Scope.outline(this, "field", field);
    Scope.outline(this, "cell", [left + x * width, top + y * height, left + (x + 1) * width, top + (y + 1) * height]);
    const cells = data.height * data.width;
    this.answers.forEach((answer, place) => {
      const at = place * cells + y * data.width + x;
      this.fill(answer, layer, data.channels[at], data.scores[at] / 1000);
    });
  }

  fill(answer, layer, channel, score) {
    answer.classList.toggle("silent", channel === Scope.NONE);
    answer.querySelector(".share").textContent = score > 0 ? `${Math.round(score * 100)} %` : "silent";
    answer.querySelector(".fill").setAttribute("width", Math.min(100, score * 100));
    answer.score = score;
    this.name(answer, layer, channel);
  }

  name(answer, layer, channel) {
    const key = `${layer.name}:${channel}`;
    if (answer.dataset.key === key) return;
    answer.dataset.key = key;
    answer.dataset.channel = channel;
    const link = answer.querySelector("a");
    if (channel === Scope.NONE) {
      link.textContent = this.config.none;
      return link.removeAttribute("href");
    }
    const strip = answer.querySelector(".strip");
    link.textContent = `channel ${channel}`;
    if (answer !== this.drawn) answer.querySelector(".where").textContent = layer.name;
    link.href = `${Scope.page(`layer/${layer.folder}/`)}?c=${channel}`;
    strip.classList.remove("missing");
    strip.alt = `${layer.name} channel ${channel}: its strongest patches above their projections`;
    strip.src = `layers/${layer.folder}/strips/${channel}.jpg`;
  }

  /** Once the pointer rests: what is seen in words, and its address. A browser refuses an address a move. */
  rest() {
    const { image, layer, at } = this.state;
    const place = at.map(share => share.toFixed(3)).join(",");
    Scope.set({ image: this.config.images[image].row, layer: this.config.layers[layer].name, at: place });
    if (this.here) this.say();
  }

  say() {
    const { data, layer, x, y, field } = this.here;
    const words = this.answers.filter(answer => answer.score > 0)
      .map(answer => `channel ${answer.dataset.channel} at ${Math.round(answer.score * 100)} %`);
    const answering = words.length ? `${words.join(", ")} of its own strong response` : "no channel answers here";
    this.readout.textContent = `${layer.name}, row ${y + 1} of ${data.height}, column ${x + 1} of ${data.width}: ${answering}. `
      + `It can see ${field[2] - field[0]} × ${field[3] - field[1]} pixels.`;
  }

  /** Dims the photograph to where the channel of `answer` is active in it; null takes the veil away. */
  light(answer) {
    if (!answer || !this.here) return this.veil.lift();
    const { data, layer } = this.here;
    const source = `layers/${layer.folder}/loupe/${this.state.image}.png`;
    return this.veil.drop(source, data, data.present.indexOf(Number(answer.dataset.channel)), this.config);
  }

  deepen(step) {
    const layer = this.state.layer + step;
    if (layer >= 0 && layer < this.config.layers.length) this.show({ layer });
  }

  /** One cell by an arrow key; while something else has the focus the arrows are left to the browser. */
  walk(event, down, across) {
    const free = document.activeElement === this.stage || document.activeElement === document.body;
    if (!this.here || !free) return false;
    const { data, x, y } = this.here;
    const [left, top, width, height] = data.cell;
    const far = event.shiftKey ? 5 : 1;
    const column = clampIndex(x + across * far, data.width);
    const row = clampIndex(y + down * far, data.height);
    this.show({ at: [(left + (column + 0.5) * width) / this.config.width, (top + (row + 0.5) * height) / this.config.height] });
  }

  draw() {
    const layer = this.config.layers[this.state.layer];
    this.drawn.hidden = false;
    const place = Math.floor(Math.random() * (layer.some?.length || layer.channels));
    this.name(this.drawn, layer, layer.some ? layer.some[place] : place);
  }
});
