// Lists by keyboard: ↑ ↓ (or k j) choose a row, Enter opens it, / goes to the search field.
// A row is <tr data-href="…">; the rest of the page needs nothing.

function rows() {
  return [...document.querySelectorAll("table.list tbody tr[data-href]")];
}

function prepare() {
  rows().forEach((row, index) => {
    row.tabIndex = index === 0 ? 0 : -1;
  });
}

function choose(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = all[Math.min(all.length - 1, Math.max(0, at === -1 ? 0 : at + step))];
  all.forEach((row) => (row.tabIndex = -1));
  next.tabIndex = 0;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const typing = event.target.closest("input, textarea, select, [contenteditable], dialog");
  if (typing) return;
  if (event.key === "/") {
    const search = document.querySelector('input[type="search"]');
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    return;
  }
  const row = event.target.closest("tr[data-href]");
  if (event.key === "Enter" && row && event.target === row) {
    location.href = row.dataset.href;
  } else if (event.key === "j" || (event.key === "ArrowDown" && row)) {
    event.preventDefault();
    choose(1);
  } else if (event.key === "k" || (event.key === "ArrowUp" && row)) {
    event.preventDefault();
    choose(-1);
  } else if (event.key === "ArrowDown" && event.target === document.body && rows().length) {
    event.preventDefault();
    choose(0);
  }
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, summary, audio")) return;
  if (String(getSelection())) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href);
  else location.href = row.dataset.href;
});

document.addEventListener("htmx:afterSettle", prepare);
prepare();
