// Two soft tones for a call at risk, three for one too late; made here, no file.
// Browsers stay silent until somebody has touched the page: the button says so.

const KEY = "ivr.sound";
const TONES = { risk: [660, 880], breach: [880, 660, 880] }; // Hz
const TONE_S = 0.18;
const LOUD = 0.25;

export class Chime {
  /** `button` turns it on and off; its data-on, data-off, data-blocked hold what it says. */
  constructor(button) {
    this._button = button;
    this._wanted = localStorage.getItem(KEY) !== "off";
    this._context = new AudioContext();
    this._context.onstatechange = () => this._show();
    button.addEventListener("click", () => this._press());
    for (const event of ["pointerdown", "keydown"]) {
      addEventListener(event, ({ target }) => {
        if (this._wanted && target !== button) this._context.resume();
      });
    }
    this._show();
  }

  get _blocked() {
    return this._wanted && this._context.state !== "running";
  }

  _press() {
    if (!this._blocked) this._wanted = !this._wanted;
    localStorage.setItem(KEY, this._wanted ? "on" : "off");
    if (this._wanted) this._context.resume().then(() => this.play("risk"));
    this._show();
  }

  _show() {
    const { on, off, blocked } = this._button.dataset;
    this._button.textContent = this._blocked ? blocked : this._wanted ? on : off;
    this._button.setAttribute("aria-pressed", String(this._wanted));
  }

  play(name) {
    if (!this._wanted || this._context.state !== "running") return;
    TONES[name].forEach((pitch, index) => this._tone(pitch, index * (TONE_S + 0.05)));
  }

  _tone(pitch, after) {
    const begin = this._context.currentTime + after;
    const tone = new OscillatorNode(this._context, { frequency: pitch, type: "sine" });
    const volume = new GainNode(this._context, { gain: 0 });
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(LOUD, begin + 0.02);
    volume.gain.linearRampToValueAtTime(0, begin + TONE_S);
    tone.connect(volume).connect(this._context.destination);
    tone.start(begin);
    tone.stop(begin + TONE_S);
  }
}
