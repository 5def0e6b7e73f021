// A veil over the photograph that is thin where one channel is active. Its maps come as grey pictures, one
// below the other; they are painted and multiplied, never read back, which a page from a disk may not do.
"use strict";

Scope.Veil = class {
  constructor(stage) {
    this.stage = stage;
    this.canvas = stage.querySelector(".veil");
    this.stacks = new Map();
  }

  lift() {
    this.wanted = null;
    this.stage.classList.remove("lit");
  }

  /** Shows map number `place` of the pictures at `source`; `data` says how many cells it has and where they lie. */
  async drop(source, data, place, model) {
    const wanted = this.wanted = `${source} ${place}`;
    const stack = await this.stack(source);
    if (this.wanted !== wanted) return;
    this.stage.classList.toggle("lit", Boolean(stack) && place >= 0);
    if (!stack || place < 0) return;
    const brush = this.canvas.getContext("2d");
    [this.canvas.width, this.canvas.height] = [data.width, data.height];
    brush.drawImage(stack, 0, place * data.height, data.width, data.height, 0, 0, data.width, data.height);
    brush.globalCompositeOperation = "lighter";  // a floor, so that the dark stays a picture
    brush.fillStyle = "rgb(38 38 38)";
    brush.fillRect(0, 0, data.width, data.height);
    this.lay(data, model);
  }

  lay({ cell: [left, top, width, height], width: columns, height: rows }, model) {
    const share = (value, whole) => `${(value / whole) * 100}%`;
    Object.assign(this.canvas.style, {
      left: share(left, model.width), width: share(width * columns, model.width),
      top: share(top, model.height), height: share(height * rows, model.height),
    });
  }

  stack(source) {
    if (!this.stacks.has(source)) this.stacks.set(source, Scope.picture(source).catch(() => null));
    return this.stacks.get(source);
  }
};
