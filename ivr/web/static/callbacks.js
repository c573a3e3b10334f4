// Satisfaction, drawn in the page's own colours; the numbers stand in the tables below.

const data = document.getElementById("charts");
const drawn = [];

const percent = (value) => `${(value * 100).toFixed(1).replace(/\.0$/, "")} %`;

function options(chart) {
  const look = getComputedStyle(document.documentElement);
  const colour = (name) => look.getPropertyValue(`--${name}`).trim();
  const [ink, muted, line, done, breach, accent] = ["ink", "muted", "line", "done", "breach", "accent"].map(colour);
  const lying = chart.kind === "bars";
  const names = { type: "category", data: chart.labels, inverse: lying, axisLabel: { color: muted }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } };
  const share = { type: "value", min: 0, max: 1, axisLabel: { color: muted, formatter: percent }, splitLine: { lineStyle: { color: line } } };
  const goal = lying ? { xAxis: chart.goal } : { yAxis: chart.goal };
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    aria: { enabled: true },
    grid: { left: 8, right: 48, top: 16, bottom: 4, containLabel: true },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, valueFormatter: percent, backgroundColor: colour("surface"), borderColor: line, textStyle: { color: ink, fontSize: 13 } },
    xAxis: lying ? share : names,
    yAxis: lying ? names : share,
    series: [{
      type: lying ? "bar" : "line",
      data: chart.values.map((value) => ({ value, itemStyle: lying ? { color: value >= chart.goal ? done : breach } : { color: accent } })),
      color: accent,
      barMaxWidth: 18,
      symbolSize: 7,
      label: { show: true, position: lying ? "right" : "top", color: ink, formatter: ({ value }) => percent(value) },
      markLine: { silent: true, symbol: "none", lineStyle: { color: muted, type: "dashed" }, label: { show: false }, data: [goal] },
    }],
  };
}

function begin() {
  for (const chart of JSON.parse(data.textContent)) {
    const place = document.querySelector(`[data-chart="${chart.name}"]`);
    if (!place) continue;
    const view = echarts.init(place);
    const show = () => view.setOption(options(chart), true);
    show();
    drawn.push(show);
    new ResizeObserver(() => view.resize()).observe(place);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach((show) => show()));
}

if (data && window.echarts) begin();
