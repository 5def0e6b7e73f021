// What every page shares: one namespace, the theme, the state in the address, and scripts of data on demand.
"use strict";

const Scope = {
  arrived: location.search,
  root: document.documentElement.dataset.root,
  index: document.documentElement.dataset.index || "",
  embed: /[?&]embed/.test(location.search),
  calm: matchMedia("(prefers-reduced-motion: reduce)").matches,
  NONE: 65535,  // stands where fewer than three channels answer
  kept: new Map(),

  // Data arrives by this call, made by classic scripts: a page opened from a disk may not fetch.
  keep(address, text) { this.kept.set(address, inflate(text)); },

  /** What the data script at an address of the site holds. */
  async data(address) {
    await this.load(this.root + address);
    return this.kept.get(address);
  },

  page(address) { return this.root + address + this.index; },

  /** An element with its properties and what is in it. */
  make(tag, properties, ...inside) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  },

  /** Loads a script of data once. @param {string} source relative to the page @returns {Promise<void>} */
  load(source) {
    if (!this.pending.has(source)) {
      this.pending.set(source, new Promise((done, fail) => {
        const onerror = () => { this.pending.delete(source); fail(new Error(`${source} is missing`)); };
        document.head.append(this.make("script", { src: this.trust.createScriptURL(source), onload: done, onerror }));
      }));
    }
    return this.pending.get(source);
  },
  pending: new Map(),

  /** One entry of the query part of the address. */
  get(name) { return new URLSearchParams(location.search).get(name); },

  /** Writes entries into the address; null takes one out. With `step` the Back button undoes it. */
  set(entries, step = false) {
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(entries)) {
      if (value === null) query.delete(name); else query.set(name, value);
    }
    const text = query.toString().replaceAll("%2C", ",");
    history[step ? "pushState" : "replaceState"](null, "", text ? `?${text}` : location.pathname);
  },

  store(name, value) {
    try {  // a browser may forbid storage, above all to files
      if (value !== undefined) localStorage.setItem(`scope-${name}`, value);
      return localStorage.getItem(`scope-${name}`);
    } catch { return null; }
  },

  /** Moves the outline `name` on every picture within an element; sides in pixels of the network's input. */
  outline(within, name, [left, top, right, bottom]) {
    for (const part of within.querySelectorAll(`.marker .${name}`)) {
      for (const [word, value] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) {
        part.setAttribute(word, value);
      }
    }
  },

  picture(source) {
    const picture = new Image();
    picture.src = source;
    return picture.decode().then(() => picture);
  },

  typing({ target }) { return target.closest("input:not([type=checkbox]), select, textarea"); },

  /** Calls one of the handlers by key, unless someone is typing or has switched single letters off. */
  keys(handlers) {
    document.addEventListener("keydown", event => {
      const letter = event.key.length === 1;
      const handler = handlers[letter ? event.key.toLowerCase() : event.key];
      if (!handler || this.typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (letter && Scope.store("letters") === "off") return;
      if (handler(event) !== false) event.preventDefault();
    });
  },
};

// The page's policy lets only this one make script addresses and panels: our own, and nothing typed or named.
Scope.trust = (window.trustedTypes || { createPolicy: (name, rules) => rules }).createPolicy("scope", {
  createScriptURL(source) {
    if (/^(?:\.\.\/)*[\w~./-]+\.js$/.test(source) && !source.startsWith("//")) return source;
    throw new TypeError(`not a script of this site: ${source}`);
  },
  createHTML(text) { return text; },
});

Scope.themes = ["system", "light", "dark"];
Scope.theme = name => {
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  return name;
};
// Within another page only what is looked at stays; whatever is followed opens on its own.
if (Scope.embed) {
  document.documentElement.dataset.embed = "";
  document.head.append(Scope.make("base", { target: "_blank" }));
  addEventListener("click", ({ target }) => {
    if (target.closest(".embedded")) target.search = location.search.replace(/.embed=\w*/, "");
  });
}

Scope.theme(Scope.themes.find(name => name === Scope.store("theme")) || "system");

const inflate = text => {
  const bytes = Uint8Array.from(atob(text), character => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
};
