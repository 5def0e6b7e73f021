// Asks the attached model: says how far it is, lets it be cancelled, and takes in a picture of one's own.
"use strict";

Scope.ask = async (address, method, body) => {
  const token = document.querySelector("[name=scope-token]").content;
  const reply = await fetch(`${Scope.root}live/${address}`, { method, body, headers: { "X-Convscope-Token": token } });
  const data = await reply.json().catch(() => ({}));
  if (reply.ok) return data;
  throw new Error(data.words || `The server answers ${reply.status}: load the page again.`);
};

customElements.define("scope-live", class extends HTMLElement {
  connectedCallback() {
    const { image } = this.dataset;
    this.one = name => this.querySelector(name);
    for (const button of this.querySelectorAll("[data-kind]")) button.onclick = () => this.go(() => this.made(button.dataset.kind, image));
    const take = file => file && this.go(async () => this.made("stack", (await Scope.ask("picture", "POST", file)).image));
    this.one("input").onchange = event => take(event.target.files[0]);
    this.one(".cancel").onclick = () => this.cancel();
    if (this.one(".forget")) this.one(".forget").onclick = () => this.go(() => Scope.ask(`picture/${image}/forget`, "POST"));
    addEventListener("dragover", event => event.preventDefault());
    addEventListener("drop", event => { event.preventDefault(); take(event.dataTransfer.files[0]); });
    Scope.keys({ p: () => this.one("[data-kind=deconvnet]").click(), Escape: () => this.cancel() });
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
    const unit = kind === "stack" ? "" : document.querySelector("scope-stack").unit;
    let job = this.job = await Scope.ask("wish", "POST", JSON.stringify({ kind, image, unit }));
    while (/waiting|running/.test(job.state)) {
      await new Promise(done => setTimeout(done, 150));
      job = await Scope.ask(`job/${job.id}`);
      this.one(".working").hidden = job.seconds < 0.3;
      this.one("progress").value = job.total ? job.done / job.total : 0;
      this.one(".doing").textContent = `${job.words}, ${job.seconds} s`;
      this.say(job.words);
    }
    this.one(".working").hidden = true;
    this.job = null;
    if (job.state === "failed") throw new Error(job.words);
    this.say(job.state);
    return job.answer;
  }

  cancel() {
    if (!this.job) return false;
    Scope.ask(`job/${this.job.id}/cancel`, "POST");
  }

  say(words) { if (this.one(".told").textContent !== words) this.one(".told").textContent = words; }
});
