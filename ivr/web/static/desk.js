// The clerk's page: a card for every call of the clerk's phone, opened as it rings.
// Cards come from the server; here they are opened, kept, and their clocks run.
// What is typed is kept in the browser until it is saved: no reload loses it.

import { askAgain, post, toast } from "/static/session.js";
import { Live, dots, duration, stage, write } from "/static/stream.js";

const TICK_MS = 250;
const TODO_MS = 3000; // the lists are fetched again at most this often
const DRAFT = "ivr.draft.";

const desk = document.getElementById("desk");
const cards = document.getElementById("cards");
const nobody = document.getElementById("no-card");
const todo = document.getElementById("todo");
const strip = document.getElementById("card-strip");
const myPhone = document.getElementById("my-phone");
const words = JSON.parse(document.getElementById("desk-words").textContent);
const rule = JSON.parse(document.getElementById("desk-rule").textContent);
const ext = desk.dataset.ext;
const title = document.title;

const opened = new Map(); // call → { node, mine, talked, touched, over }
let todoAt = 0;
let todoTimer = 0;

const live = new Live({ changed: follow, connection: tellConnection });
setInterval(tick, TICK_MS);
if (desk.dataset.opened) open(desk.dataset.opened);

function tellConnection(word) {
  document.getElementById("lost").hidden = word !== "lost";
  if (word === "signed-out") askAgain();
}

// --- which calls are mine ------------------------------------------------------

const myLegs = (call) => call.phones.filter((leg) => leg.ext === ext);
const madeByMe = (call) => call.direction !== "inbound" && call.caller === ext;
const talksToMe = (call) =>
  myLegs(call).some((leg) => leg.talking) || (madeByMe(call) && call.state === "talking");
const isMine = (call) =>
  ext !== "" && (madeByMe(call) || myLegs(call).some((leg) => leg.talking || (leg.rang && !leg.outcome)));

function follow(state, before) {
  for (const call of Object.values(state.calls ?? {})) {
    if (isMine(call) && call.direction !== "internal") open(call.call_id, true);
  }
  for (const [id, one] of opened) {
    const call = state.calls?.[id];
    one.mine = call !== undefined && isMine(call);
    one.talked ||= call !== undefined && talksToMe(call);
    one.over ||= one.seen && call === undefined;
    one.seen ||= call !== undefined;
    if (one.ringing && !one.mine && !one.talked && !one.touched) close(id); // somebody else has it
  }
  if (state.phones !== before.phones) showPhones(state.phones ?? {});
  if (state.today !== before.today || state.todo !== before.todo) refreshTodo();
  tick();
}

function showPhones(phones) {
  const state = phones[ext]?.state ?? "unknown";
  if (myPhone) {
    write(myPhone, words.phone[state]);
    const looks = { ringing: "ringing", talking: "done", offline: "breach" };
    myPhone.className = `chip ${looks[state] ?? "calm"}`;
  }
  for (const option of cards.querySelectorAll('select[name="to"] option')) {
    const phone = phones[option.value];
    if (phone) write(option, `${option.value} ${phone.name || phone.department} ${words.phone[phone.state]}`);
  }
}

// --- cards ---------------------------------------------------------------------

async function open(id, ringing = false) {
  if (opened.has(id)) {
    opened.get(id).ringing ||= ringing;
    return;
  }
  const one = { ringing, mine: ringing, talked: false, touched: false, over: false, seen: false };
  opened.set(id, one);
  const node = await fetchPiece(`/desk/calls/${encodeURIComponent(id)}`);
  if (!node || !opened.has(id)) return opened.delete(id);
  one.node = node;
  for (const [other, old] of opened) if (old.over && !isUnsaved(old)) close(other);
  node.querySelector(".strip-place").replaceWith(strip.content.cloneNode(true));
  cards.prepend(node);
  window.htmx?.process(node);
  restore(node);
  showPhones(live.state.phones ?? {});
  nobody.hidden = true;
  if (!isTyping()) focusOn(node);
  tick();
}

async function fetchPiece(address) {
  const answer = await fetch(address, { headers: { "HX-Request": "true", "X-Fetch": "1" } }).catch(() => null);
  if (answer?.status === 401) askAgain();
  if (!answer?.ok) return null;
  const piece = document.createElement("template");
  piece.innerHTML = await answer.text();
  return piece.content.firstElementChild;
}

function close(id) {
  opened.get(id)?.node?.remove();
  opened.delete(id);
  nobody.hidden = opened.size > 0;
}

const isUnsaved = ({ node }) => node && !node.querySelector("form.record[data-saved]");
const isTyping = () => document.activeElement?.matches("input, textarea, select");

function focusOn(node) {
  const first = node.querySelector('[name="intent"]:checked') ?? node.querySelector('[name="intent"]');
  first?.focus({ preventScroll: true });
  node.scrollIntoView({ block: "nearest" });
}

function tick() {
  const now = live.now();
  let heading = title;
  for (const [id, one] of opened) {
    if (!one.node) continue;
    const call = live.state.calls?.[id];
    const head = one.node.querySelector(".strip");
    const [look, word] = standing(call, one, now);
    head.dataset.stage = look;
    write(head.querySelector('[data-field="dots"]'), waits(call) ? dots(call, now, live.state.rings ?? rule) : "");
    write(head.querySelector('[data-field="stage"]'), word);
    head.querySelector('[data-field="stage"]').className = `chip ${look}`;
    const from = call?.answered_at ?? call?.ring_at ?? call?.started_at;
    write(head.querySelector('[data-field="waited"]'), from === undefined ? "" : duration(now - from));
    head.hidden = !call && !one.over;
    const transfer = one.node.querySelector("[data-transfer]");
    if (transfer) transfer.hidden = !call || !talksToMe(call);
    if (one.mine && waits(call)) heading = `☎ ${one.node.querySelector(".caller-name").firstChild.textContent.trim()}`;
  }
  if (document.title !== heading) document.title = heading;
}

const waits = (call) => call !== undefined && call.direction === "inbound" && call.state !== "talking";

/** [class, words] of a card's call. */
function standing(call, one, now) {
  if (!call) return ["calm", words.over];
  if (waits(call)) {
    const at = stage(call, now, live.state.rings ?? rule);
    return [at, words.stage[at]];
  }
  if (call.state !== "talking") return ["ringing", words.dialling];
  if (call.held) return ["calm", words.held];
  if (one.mine) return ["done", words.talking];
  const other = call.phones.find((leg) => leg.talking);
  return ["calm", other ? words.elsewhere.replace("%s", other.ext) : words.talking];
}

// --- what is typed -------------------------------------------------------------

const draftOf = (form) => DRAFT + form.dataset.draft;

function keep(form) {
  const values = Object.fromEntries(new FormData(form));
  delete values.csrf_token;
  sessionStorage.setItem(draftOf(form), JSON.stringify(values));
}

function restore(node) {
  for (const form of node.querySelectorAll("form[data-draft]")) {
    const kept = Object.entries(JSON.parse(sessionStorage.getItem(draftOf(form)) ?? "{}"));
    for (const [name, value] of kept) if (form.elements[name]) form.elements[name].value = value;
    const details = form.closest("details");
    if (details && kept.length) details.open = true;
  }
}

cards.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-draft]");
  if (!form) return;
  if (target.name === "intent") form.elements.other.value = "";
  if (target.name === "other") for (const pick of form.elements.intent) pick.checked = false;
  form.removeAttribute("data-saved");
  form.querySelector(".chip.done")?.remove();
  const one = opened.get(form.closest("[data-call]").dataset.call);
  if (one) one.touched = true;
  keep(form);
});

cards.addEventListener("htmx:afterSwap", () => {
  for (const form of cards.querySelectorAll("form[data-saved]")) sessionStorage.removeItem(draftOf(form));
  refreshTodo();
});

// --- buttons -------------------------------------------------------------------

cards.addEventListener("click", ({ target }) => {
  const button = target.closest("button");
  if (button?.matches("[data-close-card]")) close(button.closest("[data-call]").dataset.call);
  if (button?.matches("[data-promise]")) {
    const field = button.closest("form").elements.promised;
    field.value = localTime(live.now() + 60 * Number(button.dataset.promise));
    keep(field.form);
  }
});

/** As <input type="datetime-local"> has it, on the site's clock. */
function localTime(at) {
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone: desk.dataset.zone, dateStyle: "short", timeStyle: "short",
  });
  return parts.format(at * 1000).replace(" ", "T");
}

cards.addEventListener("submit", async (event) => {
  if (!event.target.matches("[data-transfer]")) return;
  event.preventDefault();
  const to = event.target.elements.to.value;
  const id = event.target.closest("[data-call]").dataset.call;
  const body = { to, kind: event.submitter?.value ?? "blind" };
  if (await did(`/api/v1/calls/${encodeURIComponent(id)}/transfer`, body)) {
    toast(words.transferred.replace("%s", to));
  }
});

todo.addEventListener("click", async (event) => {
  const button = event.target.closest("button, a");
  const entry = button?.closest("[data-entry]")?.dataset.entry;
  if (button?.matches("[data-dial]") && (await did("/api/v1/dial", { entry }))) toast(words.calling);
  if (button?.matches("[data-done]") && (await did(`/api/v1/worklist/${entry}/done`))) {
    toast(words.done);
    refreshTodo(true);
  }
  if (button?.matches("[data-open]")) {
    event.preventDefault();
    open(button.dataset.open);
  }
});

async function did(address, body) {
  const answer = await post(address, body).catch(() => null);
  if (answer?.ok) return true;
  if (answer?.status !== 401) toast((await answer?.json().catch(() => null))?.detail ?? words.failed);
  return false;
}

function refreshTodo(now = false) {
  clearTimeout(todoTimer);
  const due = now ? 0 : Math.max(0, todoAt + TODO_MS - performance.now());
  todoTimer = setTimeout(async () => {
    todoAt = performance.now();
    const answer = await fetch("/desk/todo", { headers: { "X-Fetch": "1" } }).catch(() => null);
    if (answer?.ok) showTodo(await answer.text());
  }, due);
}

/** The new lists; whoever was on a button there stays on it. */
function showTodo(html) {
  const at = todo.contains(document.activeElement) ? document.activeElement : null;
  const entry = at?.closest("[data-entry]")?.dataset.entry;
  const open = at?.dataset.open;
  const kind = at?.matches("[data-dial]") ? "data-dial" : "data-done";
  todo.innerHTML = html;
  if (entry) todo.querySelector(`[data-entry="${entry}"] [${kind}]`)?.focus();
  if (open) todo.querySelector(`[data-open="${open}"]`)?.focus();
}
