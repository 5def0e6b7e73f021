// Asking columns of data for rows: `layer:conv4 class:dog sel>.6 dead:no`. A column is an array of numbers, or
// words: { names, of }, where `of` says which name stands in each row. Words are contained (:) or equal (=).
"use strict";

Scope.words = token => token.replaceAll('"', "").toLowerCase();

/** Rows that pass every term, and the terms nobody understands. @returns {{rows: number[], unknown: string[]}} */
Scope.ask = (table, text) => {
  const unknown = [], { columns } = table;
  let rows = [...Array(table.count).keys()];
  for (const token of text.match(/(?:[^\s"]|"[^"]*"?)+/g) || []) {
    const [, name, sign, value] = token.match(/^([a-z]+)(>=|<=|[:=<>])(.+)$/i) || [];
    const column = name && columns[name.toLowerCase()];
    const test = column ? compare(column, sign, Scope.words(value)) : free(table, Scope.words(token), name);
    if (test) rows = rows.filter(test); else unknown.push(token);
  }
  return { rows, unknown };
};

function compare(column, sign, text) {
  if (column.names) {
    const hit = column.names.map(Scope.words).map(name => (sign === "=" ? name === text : name.includes(text)));
    return /[<>]/.test(sign) ? null : row => hit[column.of[row]];
  }
  const value = Number(text), above = sign[0] === ">", below = sign[0] === "<", equal = !above && !below || sign[1];
  if (Number.isNaN(value)) return null;
  return row => column[row] !== null && (above && column[row] > value || below && column[row] < value || equal && column[row] === value);
}

/** A bare word: a number of a row, `conv3:147`, or a part of any name. */
function free({ columns, key, words }, text, name) {
  const [, layer, number] = text.match(/^(?:(.+):)?(\d+)$/) || [];
  if (number && (!layer || columns.layer)) {
    const place = layer ? compare(columns.layer, "=", layer) : () => true;
    return row => columns[key][row] === Number(number) && place(row);
  }
  return name ? null : words.map(word => compare(word, ":", text)).reduce((one, other) => row => one(row) || other(row));
}

/** Hands things on, those in sight now and the others in the frames after, as all at once would hold it up. */
Scope.fill = (owner, things, many, act, then = many) => {
  clearTimeout(owner.later);
  things.slice(0, many).forEach(act);
  if (things.length > many) owner.later = setTimeout(() => Scope.fill(owner, things.slice(many), then, act), 50);
};

Scope.seed = () => Number(Scope.get("seed")) || 1;

/** Sorts rows by a column, largest first (with a minus smallest first), or at random by the seed in the address. */
Scope.sort = ({ columns }, rows, by) => {
  const column = columns[by.replace("-", "")], sign = by[0] === "-" ? -1 : 1, seed = Scope.seed() * 65536;
  const value = by === "random" ? row => scramble(row + seed) : row => (column[row] ?? -Infinity) * sign;
  return by === "random" || column ? rows.sort((a, b) => value(b) - value(a) || a - b) : rows;
};

/** A 32-bit finaliser (Wang): equal seeds give equal orders everywhere. */
function scramble(number) {
  let hash = (number ^ 61) ^ (number >>> 16);
  hash = Math.imul(hash, 9);
  hash ^= hash >>> 4;
  hash = Math.imul(hash, 0x27d4eb2d);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** What stands in a row under a name. */
Scope.cell = ({ columns, places }, name, row) => {
  const column = columns[name] || places[name];
  return (column.names ? column.names[column.of[row]] : column[row]) ?? "–";
};

/** The table of a script of channels (columns.channel_columns). */
Scope.channels = ({ layers, classes, max, mean, positive, sel, some, ...data }) => {
  const of = [], every = [], words = (names, where) => ({ names, of: where });
  layers.forEach(([, , count], layer) => {
    for (let i = 0; i < count; i++) of.push(layer), every.push(i);
  });
  const columns = {
    layer: words(layers.map(([name]) => name), of), class: words(classes, data.class), channel: some || every, max, mean, positive, sel,
    dead: words(["no", "yes"], max.map(value => (value > 0 ? 0 : 1))),
  };
  const places = { folder: words(layers.map(([, folder]) => folder), of), pictured: words(layers.map(part => (part[3] ? "yes" : "no")), of) };
  return { columns, places, count: of.length, key: "channel", words: [columns.layer, columns.class] };
};

Scope.unknown = terms => (terms.length ? `. Not understood: ${terms.join(" ")}.` : "");

/** What asks a table for rows: each of its fields stands in the address under its own name. */
Scope.Asking = class extends HTMLElement {
  listen() {
    this.say = this.querySelector("output");
    this.again = this.querySelector(".again");
    this.fields = [...this.querySelectorAll("[name]")];
    for (const field of this.fields) field.oninput = () => this.turn({ [field.name]: (field.type !== "checkbox" || field.checked) && field.value || null });
    this.again.onclick = () => this.turn({ seed: Scope.seed() + 1 });
    this.querySelectorAll("[data-by]").forEach(head => {
      head.onclick = () => this.turn({ sort: (Scope.get("sort") === head.dataset.by ? "-" : "") + head.dataset.by });
    });
    addEventListener("popstate", () => this.show());
    this.show();
  }

  turn(entries) {
    if ("sort" in entries) entries.to = entries.sort === "like" && this.pinned() || null;
    Scope.set({ ...entries, rows: null, page: null });
    this.show();
  }

  /** The channel pinned last of those asked. */
  pinned() { return Scope.pins().findLast(pin => this.table?.columns.layer.names.some(name => pin.startsWith(`${name}:`))); }

  /** Makes the column of likeness to the channel that the address names; says whose it is. */
  like() {
    const to = Scope.get("to") || "", [, name, channel] = to.match(/^(.+):(\d+)$/) || [], { columns, places } = this.table;
    if (Scope.get("sort") !== "like") return "";
    const layer = columns.layer.names.indexOf(name);
    if (layer < 0) return ". Pin a channel of these first: open it and press p";
    if (this.liked !== to) {
      const [address, place] = Scope.place({ folder: places.folder.names[layer], channels: Infinity, shard: this.dataset.shard }, channel, "like");
      Scope.data(address).catch(() => []).then(found => {
        const alike = [...found[place] || []];
        columns.like = columns.layer.of.map(of => (of === layer && alike.length ? alike.shift() / 1000 : null));
        this.liked = to;
        this.show();
      });
    }
    return `, most like ${to} first`;
  }

  /** The fields as the address has them. */
  dress() {
    for (const field of this.fields) {
      const value = Scope.get(field.name) || "";
      if (field.type === "checkbox") field.checked = value === field.value; else if (field.value !== value) field.value = value;
    }
    this.again.hidden = Scope.get("sort") !== "random";
  }
};
