// Notices: what runs is looked at every two seconds, and only what has changed moves;
// the form offers buildings to pick and hides what the kind does not need.
import { askAgain } from "./session.js";

const EVERY_MS = 2000;

// --- what runs: <div data-refresh="address" data-moving> with children that have ids

async function refresh(box) {
  const answer = await fetch(box.dataset.refresh, { headers: { "HX-Request": "true" } });
  if (answer.status === 401) return askAgain();
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of fresh.querySelectorAll("[data-refresh] [id], body > [id]")) {
    const old = document.getElementById(part.id);
    if (old && box.contains(old)) update(old, part);
  }
  const moving = fresh.querySelector("[data-refresh]");
  if (moving && moving.dataset.moving === undefined) delete box.dataset.moving;
}

function update(old, part) {
  if (old.isEqualNode(part)) return;
  const rows = old.querySelector("tbody");
  const news = part.querySelector("tbody");
  const same = rows && news && ids(rows) === ids(news);
  if (same) {
    for (const row of news.rows) {
      const was = document.getElementById(row.id);
      row.tabIndex = was.tabIndex;
      if (!was.isEqualNode(row)) replace(was, row);
    }
    for (const name of ["nav", ".pager"]) {
      const before = old.querySelector(name);
      const after = part.querySelector(name);
      if (before && after && !before.isEqualNode(after)) replace(before, after);
    }
  } else if (!old.querySelector("details[open]")) replace(old, part);
}

function ids(body) {
  return [...body.rows].map((row) => row.id).join();
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement);
  const made = document.adoptNode(fresh);
  old.replaceWith(made);
  if (focused) (made.matches("tr") ? made : made.querySelector("a, button"))?.focus();
}

async function watch(box) {
  for (;;) {
    await new Promise((done) => setTimeout(done, EVERY_MS));
    if (document.hidden || box.dataset.moving === undefined) continue;
    try {
      await refresh(box);
    } catch {
      // the server is away for a moment; the next look finds it
    }
  }
}

document.querySelectorAll("[data-refresh]").forEach(watch);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.querySelectorAll("[data-refresh][data-moving]").forEach((box) => refresh(box).catch(() => {}));
});

// --- the form

for (const picks of document.querySelectorAll("[data-into]")) {
  const field = document.getElementById(picks.dataset.into);
  const chosen = () => field.value.split(/[、,，\s]+/).filter(Boolean);
  const show = () => {
    for (const pick of picks.querySelectorAll("[data-pick]"))
      pick.setAttribute("aria-pressed", chosen().includes(pick.dataset.pick));
  };
  picks.addEventListener("click", ({ target }) => {
    const word = target.dataset.pick;
    if (!word) return;
    let words = chosen();
    if (words.includes(word)) words = words.filter((each) => each !== word);
    else if (target.dataset.alone !== undefined) words = [word];
    else words = [...words.filter((each) => each !== "全部"), word];
    field.value = words.join("、");
    show();
  });
  field.addEventListener("input", show);
  show();
}

for (const part of document.querySelectorAll("[data-only]")) {
  const [name, value] = part.dataset.only.split("=");
  const show = () => {
    part.hidden = document.querySelector(`[name="${name}"]:checked`)?.value !== value;
  };
  document.addEventListener("change", show);
  show();
}

for (const button of document.querySelectorAll("[data-print]"))
  button.addEventListener("click", () => print());
