// The wallboard. What the server tells is kept by stream.js; here it becomes text.
// Between two events only clocks run: rings fill and seconds pass by the server's time.

import { Live, dots, duration, keyed, ringNumber, stage, write } from "/static/stream.js";
import { Chime } from "/static/chime.js";

const TICK_MS = 250;
const MOST_RINGING = 6; // as many as there is room for; how many more there are stands above
const MOST_TALKING = 8;
const ROOMY = 4; // up to so many callers are shown in the largest letters
const MARKS = { idle: "○", ringing: "◎", talking: "●", offline: "×", unknown: "?" };
const STALE = ["ami"]; // without these, calls and phones are as they were

const board = document.getElementById("board");
const words = JSON.parse(document.getElementById("board-words").textContent);
const part = (name) => board.querySelector(`[data-part="${name}"]`);
const figure = (name) => board.querySelector(`[data-figure="${name}"]`);
const template = (name) => document.getElementById(`board-${name}`);
const field = (row, name) => row.querySelector(`[data-field="${name}"]`);

const clockFormat = new Intl.DateTimeFormat("zh-CN", {
  timeZone: board.dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const chime = new Chime(part("sound"));
const alarmed = new Map(); // call → stage that was sounded

const live = new Live({ changed: draw, connection: tellConnection });
setInterval(tick, TICK_MS);

function tellConnection(word) {
  board.dataset.connection = word;
  part("lost").hidden = word !== "lost";
  part("signed-out").hidden = word !== "signed-out";
}

// --- what the server told ------------------------------------------------------

function draw(state, before) {
  if (state.phones !== before.phones) drawPhones(state.phones);
  if (state.health !== before.health) drawHealth(state.health);
  if (state.today !== before.today || state.todo !== before.todo) drawFigures(state);
  if (state.calls !== before.calls || state.phones !== before.phones) drawCalls();
}

function drawCalls() {
  const calls = Object.values(live.state.calls ?? {});
  const waiting = calls.filter(isWaiting).sort(longestFirst);
  const others = calls.filter((call) => !isWaiting(call)).sort(longestFirst);
  drawList("ringing", waiting, MOST_RINGING, drawWaiting);
  part("ringing").dataset.many = waiting.length > ROOMY;
  drawList("talking", others, MOST_TALKING, drawTalking);
  tick();
}

function drawList(name, calls, most, fill) {
  const shown = calls.slice(0, most).map((call) => [call.call_id, call]);
  keyed(part(name), template(name), shown, fill);
  part(`${name}-empty`).hidden = calls.length > 0;
  part(`${name}-more`).hidden = calls.length <= most;
  write(part(`${name}-more`), words.more.replace("%d", calls.length - most));
  write(part(`${name}-count`), calls.length ? String(calls.length) : "");
}

/** An outside caller whom no person has answered. */
const isWaiting = (call) => call.direction === "inbound" && call.state !== "talking";
const since = (call) => call.ring_at ?? call.started_at ?? Infinity;
const longestFirst = (one, other) => since(one) - since(other);

function drawWaiting(row, call) {
  drawOwner(row, call);
  const ringing = call.phones.filter((leg) => leg.rang && !leg.outcome && !leg.talking);
  const where = ringing.length ? phoneNames(ringing.map((leg) => leg.ext)) : "";
  write(field(row, "where"), [call.line, where].filter(Boolean).join(" · "));
}

/** Who it is; without an owner the number says most. */
function drawOwner(row, call) {
  const number = outsideNumber(call) || words.unknown_number;
  write(field(row, "owner"), call.owner?.address ?? number);
  write(field(row, "number"), call.owner ? number : words.unknown);
  write(field(row, "home"), (call.owner?.homes ?? []).slice(0, 2).join("、"));
  const care = call.owner?.care ?? [];
  field(row, "care").hidden = care.length === 0;
  write(field(row, "care"), care.map((flag) => words[flag] ?? flag).join(" "));
}

function drawTalking(row, call) {
  const talking = call.phones.filter((leg) => leg.talking).map((leg) => leg.ext);
  const ours = call.direction === "inbound" ? talking : [call.by_system ? words.system : call.caller];
  const internal = call.direction === "internal";
  write(field(row, "phone"), ours.length ? ours.join("·") : "—");
  write(field(row, "arrow"), call.direction === "outbound" ? "→" : "↔");
  drawOwner(row, call);
  if (call.owner) write(field(row, "number"), "");
  if (internal) {
    write(field(row, "owner"), call.called);
    write(field(row, "number"), words.internal);
  }
  const [word, look] = standing(call);
  write(field(row, "state"), word);
  field(row, "state").className = `chip ${look}`;
}

/** What is to be said of a call that is answered, or that we made: [words, class]. */
function standing(call) {
  const transfer = call.transfers.find((each) => !each.outcome);
  if (transfer) return [words.transferring.replace("%s", transfer.to), "ringing"];
  if (call.held) return [words.held, "calm"];
  if (call.state !== "talking") return [words.dialling, "ringing"];
  if (call.direction !== "inbound") return [words.talking, "calm"];
  if (call.breach) return [words.late, "breach"];
  if (call.ring_at === undefined) return [words.in_time, "done"];
  const ring = ringNumber(call.ring_at, call.answered_at, live.state.rings);
  return [words.picked_up.replace("%d", ring), "done"];
}

const isLate = (call, now) =>
  call.breach || (isWaiting(call) && stage(call, now, live.state.rings) === "breach");

const outsideNumber = (call) => (call.direction === "outbound" ? call.called : call.caller);

/** "前台 101·102": extensions behind the name they share. */
function phoneNames(exts) {
  const groups = new Map();
  for (const ext of exts) {
    const name = live.state.phones?.[ext]?.name ?? "";
    groups.set(name, [...(groups.get(name) ?? []), ext]);
  }
  return [...groups].map(([name, some]) => `${name} ${some.join("·")}`.trim()).join("  ");
}

function drawPhones(phones) {
  keyed(part("phones"), template("phone"), Object.entries(phones), (row, phone) => {
    row.dataset.state = phone.state;
    write(field(row, "ext"), row.dataset.key);
    write(field(row, "name"), phone.name || phone.department);
    write(field(row, "mark"), MARKS[phone.state]);
    write(field(row, "state"), words.phone[phone.state]);
  });
}

function drawFigures({ today = {}, todo = {} }) {
  const level = today.service_level;
  write(figure("level"), level === undefined ? "—" : (level * 100).toFixed(level === 1 ? 0 : 1));
  figure("level").nextElementSibling.hidden = level === undefined;
  write(figure("calls"), today.calls ?? 0);
  write(figure("abandoned"), today.abandoned ?? 0);
  write(figure("longest"), duration(today.longest_wait_s ?? 0));
  for (const row of board.querySelectorAll("[data-todo]")) {
    const count = todo[row.dataset.todo];
    row.hidden = count === undefined;
    row.dataset.some = count > 0;
    write(field(row, "count"), count ?? 0);
  }
}

function drawHealth(health) {
  const unwell = Object.entries(health).filter(([, component]) => !component.ok);
  keyed(part("banners"), template("banner"), unwell, (row, component) => {
    write(field(row, "what"), words.unwell[row.dataset.key] ?? row.dataset.key);
    write(field(row, "why"), component.detail ?? "");
  });
  for (const lamp of board.querySelectorAll("[data-lamp]")) {
    const component = health[lamp.dataset.lamp];
    lamp.hidden = component === undefined;
    lamp.dataset.ok = component?.ok ?? false;
    write(field(lamp, "mark"), component?.ok ? "●" : "▲");
  }
  board.dataset.stale = STALE.some((name) => health[name] && !health[name].ok);
}

// --- what time changes ---------------------------------------------------------

function tick() {
  const now = live.now();
  write(part("clock"), clockFormat.format(now * 1000));
  const { calls = {}, rings, today = {} } = live.state;
  if (!rings) return;
  let longest = null;
  let worst = "";
  // the log counts a call when it has ended; who looks here counts those that go on as well
  const late = Object.values(calls).filter((call) => isLate(call, now)).length;
  const breaches = (today.breaches ?? 0) + late;
  write(figure("breaches"), breaches);
  board.querySelector('[data-tile="breaches"]').dataset.look = breaches ? "breach" : "";
  for (const row of part("ringing").children) {
    const call = calls[row.dataset.key];
    if (!call) continue;
    const at = stage(call, now, rings);
    row.dataset.stage = at;
    write(field(row, "dots"), dots(call, now, rings));
    write(field(row, "waited"), duration(now - since(call)));
    write(field(row, "stage"), call.state === "system_answered" ? words.system_answered : words.stage[at]);
    longest = Math.max(longest ?? 0, now - since(call));
    if (sound(call.call_id, at)) worst = worst === "breach" ? worst : at;
  }
  if (worst) chime.play(worst);
  for (const id of alarmed.keys()) if (!calls[id]) alarmed.delete(id);
  for (const row of part("talking").children) {
    const call = calls[row.dataset.key];
    if (call) write(field(row, "lasted"), duration(now - (call.answered_at ?? since(call))));
  }
  write(figure("waiting"), longest === null ? words.nobody : duration(longest));
}

/** Whether this stage of the call has not been sounded yet. */
function sound(id, at) {
  if ((at !== "risk" && at !== "breach") || alarmed.get(id) === at) return false;
  alarmed.set(id, at);
  return true;
}

part("fullscreen").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else board.requestFullscreen();
});
