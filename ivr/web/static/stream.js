// The live state of the office, kept true over lost connections, sleep and restarts.
//
//   const live = new Live({ changed, connection });
//   live.state            // as ivr/web/live.py describes it
//   live.now()            // the server's clock, seconds since the epoch
//
// `changed(state, before)` is called after every message; `connection(word)` with
// "open", "lost" or "signed-out" when that changes.

const URL_STREAM = "/api/v1/stream";
const DEAF_S = 30; // the server beats every 10 s
const LOOK_MS = 1000;
const RETRY_MS = 3000;
const SAMPLES = 8;

export class Live {
  constructor({ changed, connection = () => {} }) {
    this.state = {};
    this._changed = changed;
    this._tell = connection;
    this._word = "";
    this._samples = [];
    this._heard = performance.now();
    this._looked = Date.now();
    this._retry = 0;
    setInterval(() => this._look(), LOOK_MS);
    for (const event of ["online", "focus"]) addEventListener(event, () => this._look());
    document.addEventListener("visibilitychange", () => this._look());
    addEventListener("pagehide", () => this._source.close());
    addEventListener("pageshow", ({ persisted }) => persisted && this._open());
    this._open();
  }

  /** The server's time. It was sent before it arrived, so the largest difference is nearest. */
  now() {
    const offset = this._samples.length ? Math.max(...this._samples) : Date.now() / 1000 - clock();
    return offset + clock();
  }

  _open() {
    clearTimeout(this._retry);
    this._source?.close();
    this._heard = performance.now();
    const source = new EventSource(URL_STREAM);
    this._source = source;
    source.addEventListener("state", (event) => this._take(event, true));
    source.addEventListener("patch", (event) => this._take(event, false));
    source.addEventListener("beat", (event) => this._hear(JSON.parse(event.data)));
    source.onerror = () => this._failed(source);
  }

  _take(event, whole) {
    const message = JSON.parse(event.data);
    if (whole) this._samples = [];
    this._hear(message);
    const before = this.state;
    delete message.at;
    this.state = whole ? message : merged(before, message);
    this._changed(this.state, before);
  }

  _hear({ at }) {
    this._heard = performance.now();
    this._samples.push(at - clock());
    if (this._samples.length > SAMPLES) this._samples.shift();
    this._say("open");
  }

  async _failed(source) {
    if (source !== this._source) return;
    if (this._word !== "signed-out") this._say("lost");
    if (source.readyState !== EventSource.CLOSED) return; // it tries again by itself
    clearTimeout(this._retry);
    this._retry = setTimeout(() => this._open(), RETRY_MS);
    const answer = await fetch("/api/v1/live", { cache: "no-store" }).catch(() => null);
    if (answer?.status === 401) this._say("signed-out");
  }

  /** After sleep, or on a line that died without a word, begin anew. */
  _look() {
    const slept = Math.abs(Date.now() - this._looked) > DEAF_S * 1000;
    this._looked = Date.now();
    const deaf = performance.now() - this._heard > DEAF_S * 1000;
    if (deaf) this._say("lost");
    if (slept || deaf) this._open();
  }

  _say(word) {
    if (word === this._word) return;
    this._word = word;
    this._tell(word);
  }
}

const clock = () => performance.now() / 1000;

/** RFC 7396; what did not change stays the same object. */
export function merged(target, patch) {
  if (!isObject(patch)) return patch;
  const result = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name], value);
  }
  return result;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

// --- what pages of live things have in common ---------------------------------

/** Which ring sounds; the first is 1. */
export const ringNumber = (since, now, rings) =>
  Math.floor(Math.max(0, now - since) / rings.cadence_s) + 1;

/** "ringing", "risk" at the last ring that may sound, "breach" after it. */
export function stage(call, now, rings) {
  if (call.breach || call.state === "system_answered") return "breach";
  if (call.ring_at === undefined) return "calm";
  const ring = ringNumber(call.ring_at, now, rings);
  return ring > rings.max ? "breach" : ring === rings.max ? "risk" : "ringing";
}

/** ●●○, and ! for the ring too many. */
export function dots(call, now, rings) {
  const ring = call.ring_at === undefined ? 0 : ringNumber(call.ring_at, now, rings);
  const full = Math.min(ring, rings.max);
  return "●".repeat(full) + "○".repeat(rings.max - full) + (ring > rings.max ? "!" : "");
}

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${padded(minutes)}:${padded(rest)}`;
}

/** Puts text where it is not already: only what changed moves. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** As many copies of `template` in `list` as there are `items` ([key, value]), in their order. */
export function keyed(list, template, items, fill) {
  const wanted = new Set(items.map(([key]) => key));
  const rows = new Map();
  for (const row of [...list.children]) {
    if (wanted.has(row.dataset.key)) rows.set(row.dataset.key, row);
    else row.remove();
  }
  let place = list.firstElementChild;
  for (const [key, value] of items) {
    let row = rows.get(key);
    if (!row) {
      row = template.content.firstElementChild.cloneNode(true);
      row.dataset.key = key;
    }
    if (row === place) place = place.nextElementSibling;
    else list.insertBefore(row, place);
    fill(row, value);
  }
}
