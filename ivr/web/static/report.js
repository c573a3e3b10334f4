// The charts of the reports, in the page's own colours; the numbers stand in the tables.

const data = document.getElementById("charts");
const drawn = [];

document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

function options(chart) {
  const look = getComputedStyle(document.documentElement);
  const colour = (name) => look.getPropertyValue(`--${name}`).trim();
  const [ink, muted, line] = ["ink", "muted", "line"].map(colour);
  const palettes = {
    level: ["done", "risk", "breach", "accent"],
    bars: ["done", "breach"],
    shares: ["breach"],
    line: ["accent"],
  };
  const colours = palettes[chart.kind].map(colour);
  const percent = (value) => (value == null ? "–" : `${(value * 100).toFixed(1).replace(/\.0$/, "")} %`);
  const shares = chart.kind === "shares";
  const series = chart.series.map((each, index) => {
    const curve = each.percent && chart.kind !== "shares";
    return {
      name: each.name,
      type: curve ? "line" : "bar",
      stack: chart.kind === "level" && !curve ? "calls" : undefined,
      yAxisIndex: curve && chart.kind === "level" ? 1 : 0,
      data: each.values,
      color: colours[index],
      symbolSize: 6,
      connectNulls: false,
      barMaxWidth: shares ? 18 : 28,
      lineStyle: { width: 2 },
      label: shares ? { show: true, position: "right", color: ink } : undefined,
      tooltip: { valueFormatter: each.percent ? percent : undefined },
    };
  });
  const names = { type: "category", data: chart.labels, inverse: shares, axisLabel: { color: muted }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } };
  const share = { type: "value", min: 0, max: 1, axisLabel: { color: muted, formatter: (value) => `${Math.round(value * 100)} %` }, splitLine: { show: false } };
  const count = { type: "value", minInterval: 1, axisLabel: { color: muted }, splitLine: { lineStyle: { color: line } } };
  const values = chart.kind === "level" ? [count, share] : chart.kind === "line" ? share : count;
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    aria: { enabled: true },
    grid: { left: 8, right: shares ? 40 : 8, top: series.length > 1 ? 36 : 12, bottom: 4, containLabel: true },
    legend: series.length > 1 ? { top: 0, left: 0, itemWidth: 12, itemHeight: 9, textStyle: { color: muted } } : undefined,
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, axisPointer: { type: "shadow" }, backgroundColor: colour("surface"), borderColor: line, textStyle: { color: ink, fontSize: 13 } },
    xAxis: shares ? values : names,
    yAxis: shares ? names : values,
    series,
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
