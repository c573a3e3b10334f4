// The recording under the story's own axis: drawn, played in step, begun wherever one clicks.

const STEP_S = 5;
const story = document.getElementById("story");
const audio = story.querySelector("audio");
if (audio && story.dataset.axis) begin(JSON.parse(story.dataset.axis));

async function begin(axis) {
  const wave = story.querySelector(".wave");
  const lanes = story.querySelector(".lanes");
  const head = story.querySelector(".head");
  const play = story.querySelector("[data-play]");
  const clock = story.querySelector("[data-clock]");
  const problem = story.querySelector("[data-problem]");
  const answer = await fetch(`/api/v1/calls/${story.dataset.call}/peaks`);
  if (!answer.ok) {
    problem.hidden = false;
    return;
  }
  const { peaks, seconds, begins_at: begins } = await answer.json();
  const from = begins ?? axis[0][0];
  story.dataset.ready = "";
  wave.setAttribute("aria-valuemax", Math.round(seconds));

  // Percent of the width at a time, and back.
  function between(value, of, to) {
    for (let i = 1; i < axis.length; i++) {
      const [a, b] = [axis[i - 1], axis[i]];
      if (value <= b[of] || i === axis.length - 1) {
        const share = b[of] === a[of] ? 0 : (value - a[of]) / (b[of] - a[of]);
        return a[to] + (b[to] - a[to]) * Math.min(1, Math.max(0, share));
      }
    }
    return axis[0][to];
  }
  const percent = (time) => between(time, 0, 1);
  const time = (x) => between(x, 1, 0);

  function draw() {
    const canvas = wave.querySelector("canvas");
    const { width, height } = wave.getBoundingClientRect();
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const look = getComputedStyle(story);
    const [played, ahead] = [look.getPropertyValue("--accent"), look.getPropertyValue("--edge")];
    const loudest = Math.max(0.05, ...peaks);
    const at = (audio.currentTime / seconds) * peaks.length;
    const bars = Math.max(1, Math.floor(width / 3));
    for (let bar = 0; bar < bars; bar++) {
      const when = time(((bar + 0.5) / bars) * 100) - from;
      const piece = (when / seconds) * peaks.length;
      if (piece < 0 || piece >= peaks.length) continue;
      const until = ((time(((bar + 1.5) / bars) * 100) - from) / seconds) * peaks.length;
      const loud = Math.max(...peaks.slice(Math.floor(piece), Math.max(Math.floor(piece) + 1, Math.ceil(until))));
      const tall = Math.max(2, (loud / loudest) * (height - 10));
      pen.fillStyle = piece <= at && at > 0 ? played : ahead;
      pen.fillRect(bar * (width / bars), (height - tall) / 2, 2, tall);
    }
  }

  const words = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
  function show() {
    const x = `${percent(from + audio.currentTime)}%`;
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    head.setAttribute("visibility", audio.currentTime > 0 || !audio.paused ? "visible" : "hidden");
    clock.textContent = `${words(audio.currentTime)} / ${words(seconds)}`;
    wave.setAttribute("aria-valuenow", Math.round(audio.currentTime));
    wave.setAttribute("aria-valuetext", clock.textContent);
    draw();
  }
  function follow() {
    show();
    if (!audio.paused) requestAnimationFrame(follow);
  }
  function toggle() {
    if (audio.paused) audio.play().catch(() => (problem.hidden = false));
    else audio.pause();
  }
  function seek(to) {
    audio.currentTime = Math.min(Math.max(0, to), Math.max(0, seconds - 0.1));
    show();
  }
  function listenFrom(event) {
    const box = wave.getBoundingClientRect();
    seek(time(((event.clientX - box.left) / box.width) * 100) - from);
    if (audio.paused) toggle();
  }

  play.addEventListener("click", toggle);
  wave.addEventListener("click", listenFrom);
  lanes.addEventListener("click", listenFrom);
  wave.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "Enter") toggle();
    else if (event.key === "ArrowRight") seek(audio.currentTime + STEP_S);
    else if (event.key === "ArrowLeft") seek(audio.currentTime - STEP_S);
    else if (event.key === "Home") seek(0);
    else return;
    event.preventDefault();
  });
  for (const name of ["play", "pause", "ended"]) {
    audio.addEventListener(name, () => {
      play.toggleAttribute("data-on", !audio.paused);
      follow();
    });
  }
  audio.addEventListener("seeked", show);
  audio.addEventListener("error", () => (problem.hidden = false));
  new ResizeObserver(draw).observe(wave);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  show();
}
