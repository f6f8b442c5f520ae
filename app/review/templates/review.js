(() => {
  "use strict";
  const main = document.querySelector("main");
  const status = document.getElementById("status");
  const told = document.getElementById("said");
  const help = document.getElementById("help");
  const data = main.dataset;
  const draft = data.subject === undefined ? null : ["accord-review", data.kind, data.subject, data.reviewer].join("/");
  const area = document.querySelector("textarea");
  const saidKey = "accord-review/said";
  const keysKey = "accord-review/keys";
  const RETRY = 2000;
  let pending = null;
  let busy = false;

  const store = (where, name, value) => {
    try { value === null ? where.removeItem(name) : where.setItem(name, value); } catch { /* private windows have none */ }
  };
  const recall = (where, name) => { try { return where.getItem(name); } catch { return null; } };

  const say = (text, wrong = false) => {
    if (status !== null) status.textContent = wrong ? text : "";
    if (told !== null) told.textContent = wrong ? "" : text;
  };

  /* A choice is sent until the server says that it is on its disk, or why it cannot be taken. */
  const save = async (answer, words) => {
    pending = { answer, words };
    if (busy) return;
    busy = true;
    main.setAttribute("aria-busy", "true");
    while (pending !== null) {
      const now = pending;
      const body = { kind: data.kind, reviewer: data.reviewer, subject: data.subject, version: data.version, ...now.answer };
      let reply = null;
      try {
        reply = await fetch("/v1/choices", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      } catch {
        reply = null;
      }
      if (reply === null || reply.status === 503) {
        const why = reply === null ? "The server cannot be reached." : (await reply.json()).error.message;
        say(`Not saved yet. ${why} Your choice is kept here and sent again until it is saved.`, true);
        await new Promise((done) => setTimeout(done, RETRY));
        continue;
      }
      const said = await reply.json();
      if (pending !== now) continue;
      pending = null;
      if (reply.ok) {
        if (draft !== null) store(localStorage, draft, null);
        store(sessionStorage, saidKey, now.words);
        location.assign(said.next);
        return;
      }
      say(`Not saved. ${said.error.message}`, true);
    }
    busy = false;
    main.removeAttribute("aria-busy");
  };

  const shorten = (text) => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

  const choose = (button) => {
    const answer = JSON.parse(button.dataset.answer);
    if (data.kind === "rule") answer.comment = area.value;
    if (data.kind === "label") answer.reasons_seen = main.dataset.seen === "true";
    for (const other of document.querySelectorAll("[data-answer]")) other.setAttribute("aria-pressed", String(other === button));
    const words = button.querySelector(".words");
    save(answer, `Saved: ${shorten((words === null ? button : words).textContent.trim())}`);
  };

  const saveOwn = () => {
    const text = area.value.trim();
    if (text === "") { say("There is nothing to save: write something first.", true); area.focus(); return; }
    if (data.kind === "trace") save({ text }, "Saved: your own words");
    if (data.kind === "label") save({ label: text, reasons_seen: main.dataset.seen === "true" }, `Saved: ${shorten(text)}`);
    if (data.kind === "rule") {
      const chosen = document.querySelector('[data-answer][aria-pressed="true"]');
      if (chosen === null) { say("Say first whether the rule is right: 1, 2 or 3.", true); return; }
      choose(chosen);
    }
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-answer]");
    if (button !== null) choose(button);
    if (event.target.closest("[data-save]") !== null) saveOwn();
    if (event.target.closest("[data-help]") !== null) help.showModal();
    if (event.target.closest("[data-close]") !== null) help.close();
  });

  const reasons = document.querySelector("details");
  if (reasons !== null) reasons.addEventListener("toggle", () => { if (reasons.open) main.dataset.seen = "true"; });

  if (area !== null && draft !== null) {
    const kept = recall(localStorage, draft);
    if (kept !== null && kept !== area.value) { area.value = kept; say("What you had written here was kept. It is not saved yet."); }
    area.addEventListener("input", () => store(localStorage, draft, area.value));
  }

  const letters = document.getElementById("letters");
  if (letters !== null) {
    letters.checked = recall(localStorage, keysKey) !== "off";
    letters.addEventListener("change", () => store(localStorage, keysKey, letters.checked ? null : "off"));
  }

  const go = (selector) => { const link = document.querySelector(selector); if (link !== null) link.click(); };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select") !== null;
    if (typing && event.target === area) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); saveOwn(); }
      if (event.key === "Escape") area.blur();
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat || (help !== null && help.open)) return;
    if (letters !== null && !letters.checked) return;
    const known = { n: () => go("[data-next]"), p: () => go("[data-previous]"), o: () => go("[data-overview]"), "?": () => help.showModal() };
    if (area !== null) known.w = () => { area.focus(); area.scrollIntoView({ block: "nearest" }); };
    if (reasons !== null) known.r = () => { reasons.open = !reasons.open; };
    const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (button !== null) { event.preventDefault(); choose(button); }
    else if (help !== null && Object.hasOwn(known, event.key)) { event.preventDefault(); known[event.key](); }
  });

  addEventListener("beforeunload", (event) => { if (pending !== null) event.preventDefault(); });

  const said = recall(sessionStorage, saidKey);
  if (said !== null) { if (told !== null && told.textContent === "") say(said); store(sessionStorage, saidKey, null); }
})();
