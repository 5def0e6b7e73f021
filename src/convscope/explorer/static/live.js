// Asks the attached model: says how far it is, lets it be cancelled, and takes in a picture of one's own.
"use strict";

Scope.wish = async (address, body) => {
  const token = document.querySelector("[name=scope-token]").content;
  const method = body === undefined ? "GET" : "POST";
  const reply = await fetch(`${Scope.root}live/${address}`, { method, body, headers: { "X-Convscope-Token": token } });
  const data = await reply.json().catch(() => ({}));
  if (reply.ok) return data;
  throw new Error(data.words || `The server answers ${reply.status}: load the page again.`);
};

customElements.define("scope-live", class extends HTMLElement {
  connectedCallback() {
    const { image } = this.dataset;
    this.one = name => this.querySelector(name);
    const take = file => file && this.go(async () => this.made("stack", (await Scope.wish("picture", file)).image));
    const press = (name, action) => { const button = this.one(name); if (button) button.onclick = action; };
    for (const button of this.querySelectorAll("[data-kind]")) button.onclick = () => this.go(() => this.made(button.dataset.kind, image));
    press(".forget", () => this.go(() => Scope.wish(`picture/${image}/forget`, "")));
    const cancel = () => (this.job ? void Scope.wish(`job/${this.job.id}/cancel`, "") : false);
    press(".cancel", cancel);
    if (this.one("input")) this.one("input").onchange = event => take(event.target.files[0]);
    addEventListener("dragover", event => event.preventDefault());
    addEventListener("drop", event => { event.preventDefault(); take(event.dataTransfer.files[0]); });
    Scope.keys({ p: () => this.one("[data-kind=deconvnet]")?.click(), Escape: cancel });
  }

  /** Does something and goes where its answer stands; what goes wrong is said. */
  async go(action) {
    try {
      const { page } = await action();
      if (!page) return;
      const target = new URL(Scope.page(page), location);
      if (target.pathname === location.pathname) location.reload(); else location = target;
    } catch (problem) { this.say(problem.message); }
  }

  /** The answer to a wish once it is made; empty where it was cancelled. */
  async made(kind, image) {
    const unit = document.querySelector("scope-stack")?.unit, against = this.one("select")?.value;
    let job = this.job = await Scope.wish("wish", JSON.stringify({ kind, image, unit, against }));
    while (/waiting|running/.test(job.state)) {
      await new Promise(done => setTimeout(done, 150));
      job = await Scope.wish(`job/${job.id}`);
      this.one(".working").hidden = job.seconds < 0.3;
      this.one("progress").value = job.total ? job.done / job.total : 0;
      this.one(".doing").textContent = `${job.seconds} s`;
      this.say(job.words);
    }
    this.one(".working").hidden = true;
    this.job = null;
    this.say(job.state === "failed" ? job.words : job.state);
    return job.answer;
  }

  say(words) { if (this.one(".told").textContent !== words) this.one(".told").textContent = words; }
});
