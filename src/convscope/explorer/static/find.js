// A table that is asked for rows: every channel, or every image. Question, order and page stand in the address;
// what a row looks like stands in the page, as a template with {names} of columns.
"use strict";

Scope.images = ({ row, id, labels, classes, chosen, thumbs: [across, sheet], layers, ...data }) => {
  const words = (names, of) => ({ names, of }), within = row.map(number => number % sheet);
  const columns = {
    true: words(labels, data.true), pred: words(classes, data.pred), p: data.p, margin: data.margin, row,
    wrong: words(["no", "yes"], data.wrong), loupe: words(["no", "yes"], row.map(number => Number(chosen.includes(number)))),
  };
  const places = {
    id: words(id, id.map((_, number) => number)), across: within.map(place => place % across), down: within.map(place => Math.floor(place / across)),
    thumbs: row.map(number => String(Math.floor(number / sheet)).padStart(3, "0")),
  };
  return { columns, places, layers, come: {}, count: row.length, key: "row", words: [columns.true, columns.pred, places.id] };
};

/** The question with `fires=conv4:17` made a column of numbers, and what is known of them in words; `again` once they have come. */
Scope.fires = ({ columns, layers = {}, come = {} }, q, again) => {
  const [token, name, channel] = q.match(/\bfires[:=]"?([^\s"]+):(\d+)"?/) || [], [folder, channels, many] = layers[name] || [];
  if (!(channel < channels)) return [q, ""];
  const address = `layer/${folder}/fires/${String(Math.floor(channel / many)).padStart(3, "0")}.js`;
  if (!come[address]) Scope.data(address).then(found => { come[address] = found; again(); });
  columns.fires = [];
  if (!come[address]) return ["fires>0", ` (reading what fires ${name}:${channel} …)`];
  const [rows, values, fire, known] = come[address][channel % many];
  rows.forEach((row, place) => { columns.fires[columns.row.indexOf(row)] = values[place]; });
  return [q.replace(token, "fires>0"), ` (${name}:${channel} fires on ${fire} of the ${known} where it is known; ${rows.length} kept, strongest first)`];
};

customElements.define("scope-find", class extends Scope.Asking {
  async connectedCallback() {
    [this.list, this.template, this.image] = [".found", "template", ".preview img"].map(selector => this.querySelector(selector));
    if (location.search) { this.list.replaceChildren(); if (this.image) this.preview(); }  // other rows are asked for
    this.template = this.template.content.firstElementChild;
    this.blanks = [this.template, ...this.template.querySelectorAll("*")].flatMap((part, at) => [
      ...[...part.attributes].map(({ name, value }) => ({ at, name, text: value })), ...(part.children.length ? [] : [{ at, text: part.textContent }]),
    ]).filter(({ text }) => text.includes("{"));
    this.steps = this.querySelectorAll("[data-step]");
    for (const button of this.steps) button.onclick = () => { Scope.set({ page: this.page + Number(button.dataset.step) }); this.show(); };
    if (this.image) for (const kind of ["pointerover", "focusin"]) this.list.addEventListener(kind, event => this.preview(event.target.closest("tr")));
    this.listen();  // what is typed before the rows come is asked, too
    this.table = Scope[this.dataset.of](await Scope.data(this.dataset.source));
    this.show();
  }

  show() {
    if (!this.table) return;
    this.inSight = scrollY ? 100 : 24;  // who has scrolled down stays there; asked before anything changes, as it makes a layout
    this.dress();
    const [q, sort, given] = ["q", "sort", "rows"].map(name => Scope.get(name) || "");
    const [asked, note] = Scope.fires(this.table, q, () => this.show()), { rows, unknown } = Scope.ask(this.table, asked);
    this.rows = Scope.sort(this.table, given ? rows.filter(row => given.split(",").includes(String(this.table.columns.row[row]))) : rows, sort || (note && "fires"));
    const idle = !(q || sort || given);  // then stays what the server lists by itself
    for (const part of document.querySelectorAll(".served, .asking")) part.hidden = part.matches(".asking") === idle;
    this.write(unknown, note);
    clearTimeout(this.counted);
    this.counted = setTimeout(() => this.querySelectorAll("[data-facet]").forEach(part => this.count(part.dataset.facet, part)), 30);  // rows come first
  }

  write(unknown, note) {
    const many = 100, total = this.rows.length, pages = Math.ceil(total / many) || 1;
    this.page = Math.min(pages, Math.max(1, Number(Scope.get("page")) || 1));
    const part = this.rows.slice((this.page - 1) * many, this.page * many);
    while (this.list.children.length > part.length) this.list.lastElementChild.remove();
    Scope.fill(this, part.map((row, place) => [row, place]), this.inSight, item => this.row(...item));
    this.say.textContent = `${total} of ${this.table.count}${note}${this.like()}` + (pages > 1 && !this.list.closest("[hidden]") ? `, page ${this.page} of ${pages}` : "")
      + Scope.unknown(unknown) + (unknown.length ? ` Ask by ${Object.keys(this.table.columns).join(", ")}.` : "");
    for (const button of this.steps) button.disabled = this.page === (button.dataset.step < 0 ? 1 : pages);
    if (this.image) this.preview(this.list.firstElementChild);
  }

  /** What stands at a place of the list, the template to begin with, with the {names} filled from a row. */
  row(row, place) {
    const made = this.list.children[place] || this.list.appendChild(this.template.cloneNode(true)), parts = [made, ...made.querySelectorAll("*")];
    for (const { at, name, text } of this.blanks) {
      const value = text.replace(/{(\w+)}/g, (_, word) => Scope.cell(this.table, word, row));
      if (name) parts[at].setAttribute(name, value); else parts[at].textContent = value;
    }
  }

  /** How many of the rows found have which name; a press asks for that name, and again takes it back. */
  count(name, part) {
    const { names, of } = this.table.columns[name], counts = names.map(() => 0), terms = Scope.get("q") || "";
    for (const row of this.rows) counts[of[row]]++;
    const top = names.map((_, i) => i).filter(i => counts[i]).sort((a, b) => counts[b] - counts[a]).slice(0, 12).sort((a, b) => a - b);
    part.replaceChildren(...top.map(i => {
      const term = `${name}="${names[i].replaceAll('"', "")}"`, on = terms.includes(term);
      const q = on ? terms.replace(term, "") : `${terms} ${term}`;
      return Scope.make("button", { type: "button", ariaPressed: on, onclick: () => this.turn({ q: q.trim() || null }) }, `${names[i]} ${counts[i]}`);
    }));
  }

  preview(row) {
    const part = this.image.parentNode, link = row?.querySelector("a");
    part.hidden = !row?.matches(".pictured-yes");
    if (part.hidden) return;
    this.image.src = row.dataset.strip;
    this.image.alt = part.lastElementChild.textContent = link.textContent;
  }
});
