// The explorer's charts under the pointer: Chart.js over the drawn SVG, which stays for paper and
// for browsers without it. Colours are the page's tokens, read anew when light turns to dark.
(function () {
  "use strict";
  var FILL = { exact: "--chart-1", semantic: "--brand-6", miss: "--surface-3" };
  var LINE = { exact: "--chart-1", semantic: "--brand-8", miss: "--text-3" };
  var EDGE = { semantic: "--chart-1", miss: "--chart-miss" };
  var drawn = [];
  function token(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  function ink(table, tone) { return token(table[tone] || "--chart-" + tone); }
  function dataset(one, stacked, partial) {
    if (one.line) {
      return { type: "line", label: one.label, data: one.values, borderColor: ink(LINE, one.tone),
        borderDash: one.dashed ? [2, 5] : [], borderWidth: 2, pointRadius: one.values.length > 1 ? 0 : 3,
        pointHoverRadius: 4, backgroundColor: ink(LINE, one.tone), tension: 0, spanGaps: false, stack: one.label };
    }
    return { type: "bar", label: one.label, data: one.values, stack: stacked ? "all" : one.label,
      backgroundColor: one.values.map(function (_value, at) {
        return ink(FILL, one.tone) + (partial.indexOf(at) < 0 ? "" : "99"); // still filling: paler
      }),
      borderColor: EDGE[one.tone] ? token(EDGE[one.tone]) : undefined, borderWidth: EDGE[one.tone] ? 1 : 0,
      categoryPercentage: 0.86, barPercentage: 0.9 };
  }
  function options(told, top) {
    var text = { family: getComputedStyle(document.body).fontFamily, size: 13 };
    return {
      responsive: true, maintainAspectRatio: false, animation: false, events: ["mousemove", "mouseout", "click", "touchstart"],
      interaction: { mode: "index", intersect: false },
      onHover: function (event, found) { event.native.target.style.cursor = found.length && told.days.length ? "pointer" : "default"; },
      onClick: function (_event, found) { if (found.length && told.days.length) { narrow(told.days[found[0].index]); } },
      scales: { x: { display: false, stacked: told.stacked, offset: true },
        y: { display: false, stacked: told.stacked, min: 0, max: top } },
      layout: { padding: 0 },
      plugins: { legend: { display: false },
        tooltip: { backgroundColor: token("--surface-1"), titleColor: token("--text-1"), bodyColor: token("--text-2"),
          borderColor: token("--border-2"), borderWidth: 1, padding: 10, cornerRadius: 6, titleFont: text, bodyFont: text, boxPadding: 4,
          callbacks: { label: function (item) {
            var one = told.series[item.datasetIndex];
            return " " + one.label + ": " + one.texts[item.dataIndex];
          } } } }
    };
  }
  // A bucket becomes the range: everything else of the question stays.
  function narrow(days) {
    var asked = new URL(window.location.href);
    ["range", "unit"].forEach(function (name) { asked.searchParams.delete(name); });
    asked.searchParams.set("from", days[0]);
    asked.searchParams.set("until", days[1]);
    window.location.assign(asked);
  }
  // Each name of the legend turns its series off and on.
  function legend(figure, chart) {
    figure.querySelectorAll("[data-series]").forEach(function (item) {
      var at = Number(item.dataset.series), button = item.querySelector("button");
      if (!button) {
        button = document.createElement("button");
        button.type = "button";
        button.className = "legend__switch";
        while (item.firstChild) { button.appendChild(item.firstChild); }
        item.appendChild(button);
        button.setAttribute("aria-pressed", "true");
      }
      chart.setDatasetVisibility(at, button.getAttribute("aria-pressed") === "true");
      button.onclick = function () {
        var shown = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(shown));
        chart.setDatasetVisibility(at, shown);
        chart.update();
      };
    });
    chart.update();
  }
  function draw(script) {
    var told = JSON.parse(script.textContent), figure = script.closest("figure");
    var plot = figure && figure.querySelector(".chart__frame"), svg = plot && plot.querySelector("svg");
    if (!svg) { return; }
    var canvas = document.createElement("canvas"), over = document.createElement("div");
    over.className = "chart__live";
    canvas.setAttribute("aria-hidden", "true"); // the SVG below it says what the chart shows
    over.appendChild(canvas);
    plot.appendChild(over);
    var chart = new window.Chart(canvas, {
      data: { labels: told.labels, datasets: told.series.map(function (one) { return dataset(one, told.stacked, told.partial); }) },
      options: options(told, told.top)
    });
    legend(figure, chart);
    figure.classList.add("chart--live");
    drawn.push({ chart: chart, over: over });
  }
  function redraw() {
    drawn.splice(0).forEach(function (one) { one.chart.destroy(); one.over.remove(); });
    if (window.Chart) { document.querySelectorAll("figure.chart script[type='application/json']").forEach(draw); }
  }
  document.addEventListener("DOMContentLoaded", redraw);
  document.addEventListener("htmx:afterSettle", redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
})();
