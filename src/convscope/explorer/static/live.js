// Asks the attached model: says how far it is, lets it be cancelled, and takes in a picture of one's own.
"use strict";

Scope.ask = async (address, method = "GET", body) => {
  const token = document.querySelector("meta[name=scope-token]").content;
  const reply = await fetch(`${Scope.root}live/${address}`, { method, body, headers: { "X-Convscope-Token": token } });
  const data = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(data.words || `The server answers ${reply.status}: load the page again.`);
  return data;
};

customElements.define("scope-live", class extends HTMLElement {
  connectedCallback() {
    this.find = selector => this.querySelector(selector);
    for (const button of this.querySelectorAll("[data-kind]")) {
      button.onclick = () => this.wish(button.dataset.kind, this.dataset.image);
    }
    this.find(".cancel").onclick = () => this.cancel();
    this.find("input").onchange = event => this.take(event.target.files[0]);
    const forget = this.find(".forget");
    if (forget) forget.onclick = () => this.go(() => Scope.ask(`picture/${this.dataset.image}/forget`, "POST"));
    const over = event => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      this.classList.toggle("over", event.type === "dragover");
      if (event.type === "drop") this.take(event.dataTransfer.files[0]);
    };
    for (const kind of ["dragover", "dragleave", "drop"]) addEventListener(kind, over);
    Scope.keys({ p: () => this.find("[data-kind=deconvnet]").click(), Escape: () => this.cancel() });
  }

  take(file) {
    if (!file) return;
    this.say("taking the picture in");
    this.go(async () => {
      const { image } = await Scope.ask("picture", "POST", file);
      return this.made("stack", image);
    });
  }

  wish(kind, image) { this.go(() => this.made(kind, image)); }

  /** Goes to the page where the answer stands now; what goes wrong is said. */
  async go(action) {
    try {
      const answer = await action();
      if (!answer) return;
      const target = Scope.page(answer.page);
      if (new URL(target, location).pathname === location.pathname) location.reload(); else location.href = target;
    } catch (problem) { this.say(problem.message); }
  }

  /** The answer to a wish once it is made; null where it was cancelled. */
  async made(kind, image) {
    const stack = document.querySelector("scope-stack");
    const unit = kind !== "stack" && stack.unit ? stack.unit : "";
    this.job = await Scope.ask("wish", "POST", JSON.stringify({ kind, image, unit }));
    while (["waiting", "running"].includes(this.job.state)) {
      await new Promise(done => setTimeout(done, 150));
      this.job = await Scope.ask(`job/${this.job.id}`);
      this.progress(this.job);
    }
    this.find(".working").hidden = true;
    if (this.job.state === "failed") throw new Error(this.job.words);
    this.say(this.job.state === "done" ? "Done." : "Cancelled; what was finished is kept.");
    return this.job.state === "done" ? this.job.answer : null;
  }

  progress({ state, done, total, words, seconds }) {
    const bar = this.find("progress");
    this.find(".working").hidden = seconds < 0.3;
    if (total) [bar.max, bar.value] = [total, done]; else bar.removeAttribute("value");
    this.find(".doing").textContent = `${words}, ${seconds.toFixed(1)} s`;
    if (state === "running" && words !== this.said) this.say(this.said = words);
  }

  cancel() {
    if (!this.job || !["waiting", "running"].includes(this.job.state)) return false;
    this.say("cancelling");
    Scope.ask(`job/${this.job.id}/cancel`, "POST").catch(() => {});
  }

  say(words) { this.find(".told").textContent = words; }
});
