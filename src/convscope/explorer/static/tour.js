// Shows once what the Loupe does: three spots, a second each. The first touch of anything ends it for good.
"use strict";

(() => {
  const loupe = document.querySelector("scope-loupe");
  if (!loupe || Scope.calm || Scope.store("toured") || new URLSearchParams(Scope.arrived).has("at")) return;
  let began = null;
  const { tour } = loupe.config;
  const inputs = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"];

  const stop = event => {
    if (event && !event.isTrusted) return;
    cancelAnimationFrame(frame);
    inputs.forEach(kind => removeEventListener(kind, stop, true));
    Scope.store("toured", "yes");
  };
  const step = now => {
    if (loupe.here) began ??= now;  // the arrays may be slow to come
    const seconds = began === null ? 0 : (now - began) / 1000;
    if (seconds >= tour.length) return loupe.show({ at: tour[0] }), stop();
    const [from, to] = [tour[Math.floor(seconds)], tour[(Math.floor(seconds) + 1) % tour.length]];
    const share = Math.max(0, (seconds % 1) * 2 - 1);  // rest half a second, then glide
    const eased = share * share * (3 - 2 * share);
    loupe.show({ at: [0, 1].map(axis => from[axis] + (to[axis] - from[axis]) * eased) });
    frame = requestAnimationFrame(step);
  };
  inputs.forEach(kind => addEventListener(kind, stop, { capture: true, passive: true }));
  let frame = requestAnimationFrame(step);
})();
