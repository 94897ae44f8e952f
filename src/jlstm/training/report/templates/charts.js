// Draws the panels of #curves by uPlot: hover for numbers, drag to zoom, double click to
// go back, click a name to hide its line, a box for a logarithmic axis.
(() => {
  "use strict";
  const look = getComputedStyle(document.documentElement);
  const color = (name) => look.getPropertyValue(name).trim();
  const COLORS = ["#3b7ea1", color("--ink"), "#b5532a", "#5b8c3e", "#8a5aa8", "#9a7b1c"];

  // The series of a panel on one axis of steps, as uPlot takes them.
  const aligned = (series) => {
    const steps = [...new Set(series.flatMap((s) => s.points.map((p) => p[0])))];
    steps.sort((a, b) => a - b);
    const columns = series.map((s) => {
      const known = new Map(s.points);
      return steps.map((step) => known.get(step) ?? null);
    });
    return [steps, ...columns];
  };

  const digits = (value) =>
    value == null ? "" : Math.abs(value) >= 1e5 || (value && Math.abs(value) < 1e-3)
      ? value.toExponential(2) : String(+value.toPrecision(5));

  const line = (series, number) => ({
    label: series.name,
    stroke: series.level ? color("--soft") : COLORS[number % COLORS.length],
    width: series.name.startsWith("validation") ? 2 : 1.2,
    dash: series.level ? [6, 4] : undefined,
    spanGaps: true,
    points: { show: series.points.length < 2 ||
      (series.name.startsWith("validation") && series.points.length < 60) },
    value: (_, value) => digits(value),
  });

  const axis = (values) => ({
    stroke: color("--soft"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
    values,
  });

  const options = (panel, width, height, log) => ({
    width,
    height,
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    axes: [
      axis((_, ticks) => ticks.map((t) => (t == null ? "" : t.toLocaleString("en")))),
      { ...axis((_, ticks) => ticks.map(digits)), size: 64 },
    ],
    series: [{ label: "step", value: (_, v) => (v == null ? "" : v.toLocaleString("en")) },
      ...panel.series.map(line)],
    cursor: { drag: { x: true, y: true, uni: 20 }, sync: { key: "steps" } },
  });

  const positive = (panel) =>
    panel.series.every((s) => s.points.every((p) => p[1] == null || p[1] > 0));

  const draw = (panel, place) => {
    const height = panel.title === "loss" ? 300 : 180;
    const plot = place.querySelector(".plot");
    const box = place.querySelector("input");
    let chart = null;
    const make = () => {
      chart?.destroy();
      const width = Math.max(280, plot.clientWidth);
      chart = new uPlot(options(panel, width, height, box.checked), aligned(panel.series),
        plot);
    };
    box.disabled = !positive(panel);
    box.addEventListener("change", make);
    let width = 0;
    new ResizeObserver(() => {
      if (plot.clientWidth !== width) { width = plot.clientWidth; make(); }
    }).observe(plot);
  };

  const panels = JSON.parse(document.getElementById("curves").textContent);
  document.querySelectorAll(".chart").forEach((place, n) => draw(panels[n], place));
})();
