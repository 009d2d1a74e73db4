"use strict";
// Draws the runs that stand in the page as JSON: each has a name and the events of its log, in order.
(() => {
  const COLOURS = ["#1f83c6", "#d55e00", "#009e73", "#b0579a", "#a47a00", "#2f9fd8", "#7a5cc9", "#8a8f98"];
  const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4", "4 2", "1 3", "6 2 2 2"];
  const SVG = "http://www.w3.org/2000/svg";

  const element = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  };
  const shape = (name, attributes = {}, ...children) => {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
  };
  const known = (value) => typeof value === "number" && Number.isFinite(value);
  const number = (value, digits = 4) => {
    if (!known(value)) return "–";
    if (Number.isInteger(value) || Math.abs(value) >= 10000) return Math.round(value).toLocaleString("en");
    return value.toLocaleString("en", { maximumSignificantDigits: digits });
  };
  const percent = (value, digits = 2) => (known(value) ? (100 * value).toFixed(digits) : "–");
  const duration = (seconds) => {
    if (!known(seconds)) return "–";
    if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
    const whole = Math.round(seconds), two = (n) => String(n).padStart(2, "0");
    return whole < 5400 ? `${Math.floor(whole / 60)} min ${two(whole % 60)} s` : `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
  };

  // A run as charts need it. After --resume an epoch may be there twice; the later one counts, with what led to it.
  const assemble = (run, index) => {
    const starts = run.events.filter((event) => event.event === "start");
    const epochs = [];
    let progress = [];
    for (const event of run.events) {
      if (event.event === "start") progress = progress.filter((sample) => sample.epoch <= event.epochs_done);
      // What goes on before and after the steps of an epoch has no place in the curves.
      if (event.event === "progress" && (event.activity ?? "training") === "training") {
        progress = progress.filter((sample) => sample.epoch < event.epoch || (sample.epoch === event.epoch && sample.samples < event.samples));
        progress.push(event);
      }
      if (event.event === "epoch") {
        while (epochs.length > 0 && epochs[epochs.length - 1].epoch >= event.epoch) epochs.pop();
        epochs.push(event);
      }
    }
    let seconds = 0;
    const begins = new Map();
    for (const epoch of epochs) {
      begins.set(epoch.epoch, seconds);
      seconds += epoch.train_seconds;
      epoch.at = { epochs: epoch.epoch, seconds };
    }
    for (const sample of progress) {
      const begin = begins.has(sample.epoch) ? begins.get(sample.epoch) : seconds;
      sample.at = { epochs: sample.epoch - 1 + sample.samples / sample.samples_total, seconds: begin + sample.epoch_seconds };
    }
    return { name: run.name, apart: run.scored_apart_from, colour: COLOURS[index % COLOURS.length], dash: DASHES[index % DASHES.length], start: starts[starts.length - 1] || {},
             epochs, progress, seconds, done: run.events.findLast((event) => event.event === "done") };
  };

  const runs = JSON.parse(document.getElementById("runs").textContent).map(assemble);
  const last = (list) => list[list.length - 1];
  const sample_line = (run) => shape("svg", { width: 36, height: 12, "aria-hidden": "true" },
    shape("line", { x1: 1, x2: 35, y1: 6, y2: 6, stroke: run.colour, "stroke-width": 3, "stroke-dasharray": run.dash }));

  const cells = (row, tag, numeric) => row.map((text, i) =>
    element(i === 0 ? "th" : tag, { scope: tag === "th" ? "col" : "row", ...(numeric(i) ? { class: "number" } : {}) }, text));
  const table = (head, rows, numeric = (i) => i > 0) => element("table", {},
    element("thead", {}, element("tr", {}, ...cells(head, "th", numeric))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row, "td", numeric)))));

  // Ticks at 1, 2 or 5 times a power of ten.
  const ticks = (low, high, wanted) => {
    const rough = (high - low) / wanted;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((m) => m * power >= rough) * power;
    const list = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; ++i) list.push(Number((i * step).toPrecision(12)));
    return list;
  };

  const WIDTH = 520, HEIGHT = 270, LEFT = 58, RIGHT = 14, TOP = 14, BOTTOM = 40;

  // series: [{run, points: [[x, y]], marks: whether points are few and each is shown, level: a horizontal line}]
  const figure = ({ title, note, series, axis, unit, from_zero, optional, format = (y) => number(y) }) => {
    const drawn = series.map((one) => ({ ...one, points: one.points.filter(([x, y]) => known(x) && known(y)) })).filter((one) => one.points.length > 0);
    const node = element("figure", {}, element("h3", {}, title), element("p", {}, note));
    if (drawn.length === 0 && optional) return "";
    if (drawn.length === 0) {
      node.append(element("p", {}, "Nothing was logged for this."));
      return node;
    }
    const all = drawn.flatMap((one) => one.points);
    let [x0, x1] = [Math.min(0, ...all.map((p) => p[0])), Math.max(...all.map((p) => p[0]))];
    let [y0, y1] = [Math.min(...all.map((p) => p[1])), Math.max(...all.map((p) => p[1]))];
    if (from_zero) y0 = Math.min(0, y0);
    if (axis === "epochs") x1 = Math.ceil(x1);
    if (x1 <= x0) x1 = x0 + 1;
    const pad = y1 > y0 ? 0.06 * (y1 - y0) : Math.max(Math.abs(y1) * 0.1, 1e-6);
    y1 += pad;
    if (!from_zero) y0 -= pad;
    const sx = (x) => LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT);
    const sy = (y) => HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM);

    const ends = drawn.map((one) => `${one.run.name}: ${format(last(one.points)[1])} at the end`).join("; ");
    const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}. ${ends}` });
    for (const y of ticks(y0, y1, 5)) {
      svg.append(shape("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: sy(y), y2: sy(y) }),
                 shape("text", { x: LEFT - 8, y: sy(y) + 4, "text-anchor": "end" }, format(y)));
    }
    for (const x of ticks(x0, x1, 6)) svg.append(shape("text", { x: sx(x), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, number(x)));
    svg.append(shape("text", { x: WIDTH - RIGHT, y: HEIGHT - 4, "text-anchor": "end" }, axis));
    for (const one of drawn) {
      const path = one.points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${sx(x).toFixed(1)} ${sy(y).toFixed(1)}`).join("");
      svg.append(shape("path", { d: path, fill: "none", stroke: one.run.colour, "stroke-width": one.thin ? 1.25 : 2.25, "stroke-linejoin": "round",
                                 "stroke-dasharray": one.thin ? "3 4" : one.run.dash }));
      if (one.marks) for (const [x, y] of one.points) svg.append(shape("circle", { cx: sx(x), cy: sy(y), r: 3.5, fill: one.run.colour }));
    }

    const cursor = shape("line", { class: "axis", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
    svg.append(cursor);
    const tip = element("div", { class: "tip", hidden: "" });
    const frame = element("div", { class: "frame" }, svg, tip);
    const point_at = (event) => {
      const box = svg.getBoundingClientRect();
      const x = x0 + ((event.clientX - box.left) / box.width * WIDTH - LEFT) / (WIDTH - LEFT - RIGHT) * (x1 - x0);
      tip.replaceChildren(element("div", {}, `${number(Math.min(x1, Math.max(x0, x)))} ${axis}`), ...drawn.filter((one) => !one.thin).map((one) => {
        const nearest = one.points.reduce((best, p) => (Math.abs(p[0] - x) < Math.abs(best[0] - x) ? p : best));
        return element("div", {}, element("b", { style: `background:${one.run.colour}` }), `${one.run.name}: ${format(nearest[1])}${unit}`);
      }));
      const at = Math.min(WIDTH - RIGHT, Math.max(LEFT, sx(x)));
      cursor.setAttribute("x1", at);
      cursor.setAttribute("x2", at);
      cursor.setAttribute("visibility", "visible");
      tip.hidden = false;
      const left = at / WIDTH * box.width;
      tip.style.left = `${left + tip.offsetWidth + 16 > box.width ? Math.max(0, left - tip.offsetWidth - 12) : left + 12}px`;
      tip.style.top = "8px";
    };
    svg.addEventListener("pointermove", point_at);
    svg.addEventListener("pointerleave", () => { tip.hidden = true; cursor.setAttribute("visibility", "hidden"); });

    const rows = drawn.filter((one) => !one.thin).flatMap((one) => one.points.map(([x, y]) => [one.run.name, number(x), format(y)]));
    node.append(frame, element("details", {}, element("summary", {}, "Numbers"),
      element("div", { class: "scroll" }, table(["run", axis, title + unit], rows))));
    return node;
  };

  const choice = (name) => document.querySelector(`input[name=${name}]:checked`).value;
  const curves = () => {
    const axis = choice("x"), k = choice("k");
    const label = axis === "epochs" ? "epochs" : "seconds of training";
    const by_epoch = (field, scale = 1) => runs.map((run) => ({ run, marks: true,
      points: run.epochs.map((epoch) => [epoch.at[axis], known(epoch[field]) ? epoch[field] * scale : null]) }));
    const within = (field, scale = 1) => runs.map((run) => {
      const fine = run.progress.length > run.epochs.length;
      const list = fine ? run.progress : run.epochs;
      return { run, marks: !fine, points: list.map((one) => [one.at[axis], known(one[field]) ? one[field] * scale : null]) };
    });
    const memory = runs.map((run) => (run.progress.length > 0
      ? { run, points: run.progress.map((sample) => [sample.at[axis], sample.rss_mb]) }
      : { run, marks: true, points: run.epochs.map((epoch) => [epoch.at[axis], epoch.peak_rss_mb]) }));
    const estimates = runs.filter((run) => known(run.start.memory_estimate_mb) && run.epochs.length > 0).map((run) =>
      ({ run, thin: true, points: [[0, run.start.memory_estimate_mb], [last(run.epochs).at[axis], run.start.memory_estimate_mb]] }));
    // Of runs that several processes shared: a line for each rank, in a colour of its own.
    const by_rank = (value) => runs.flatMap((run, index) => (last(run.epochs)?.ranks || []).map((_, rank) => ({
      run: { name: `${run.name}, rank ${rank}`, colour: COLOURS[(index + rank) % COLOURS.length], dash: run.dash }, marks: true,
      points: run.epochs.map((epoch) => [epoch.at[axis], epoch.ranks?.[rank] && epoch.ranks_steps > 0 ? value(epoch.ranks[rank], epoch) : null]) })));
    const common = { axis: label, unit: "" };
    document.getElementById("curves").replaceChildren(
      figure({ ...common, title: "Loss", note: "Of the training samples, over their active sets.", series: within("loss") }),
      figure({ ...common, title: `P@${k}, %`, note: k === "1" ? "How often the best prediction is right, on data that were not trained on." : `How many of the ${k} best predictions are right, on data that were not trained on.`, series: by_epoch(`p@${k}`, 100) }),
      figure({ ...common, title: `PSP@${k}, %`, note: "The same, weighted towards rare labels by their propensity.", series: by_epoch(`psp@${k}`, 100), optional: true }),
      figure({ ...common, title: `nDCG@${k}, %`, note: "The same, weighted by rank.", series: by_epoch(`ndcg@${k}`, 100), optional: true }),
      figure({ ...common, title: "Active share, %", note: "Output rows scored for a sample, of all.", series: within("active_share", 100), from_zero: true }),
      figure({ ...common, title: "Rows re-hashed", note: "Output rows moved to new buckets, per epoch. 0 without hash tables.", series: by_epoch("rows_rehashed"), from_zero: true }),
      figure({ ...common, title: "Samples per second", note: "While training; evaluation and saving are not in it.", series: within("samples_per_second"), from_zero: true }),
      figure({ ...common, title: "Memory, MiB", note: "Resident set. Thin: what was estimated before the start.", series: [...memory, ...estimates], from_zero: true }),
      figure({ ...common, title: "Sent in a step, KB", note: "By each rank, to all others together.", series: by_rank((rank, epoch) => rank.bytes_sent / epoch.ranks_steps / 1000), from_zero: true, optional: true }),
      figure({ ...common, title: "Waiting for other ranks, %", note: "Of the time of training: for what they send, and until they are as far.", series: by_rank((rank, epoch) => 100 * rank.seconds_waited / epoch.train_seconds), from_zero: true, optional: true }));
  };

  const summary = () => {
    const data = (run, field) => (run.start.data || []).find((one) => one.role === "train")?.[field];
    const total = (run, field) => run.epochs.reduce((sum, epoch) => sum + (epoch[field] || 0), 0);
    const rows = runs.map((run) => {
      const end = last(run.epochs) || {};
      const machine = run.start.machine || {};
      const waited = total(run, "input_wait_seconds");
      return [run.name, number(data(run, "rows")), number(data(run, "features")), number(data(run, "labels")), String(run.epochs.length),
              number(end.loss), percent(end["p@1"]), percent(end["p@3"]), percent(end["p@5"]), percent(end["psp@1"]), percent(end["psp@5"]),
              duration(run.seconds), run.seconds > 0 ? percent(waited / run.seconds, 1) : "–", number(Math.max(...run.epochs.map((e) => e.peak_rss_mb || 0)), 4),
              `${machine.threads ?? "–"} × ${machine.simd ?? "–"}`, run.done ? "done" : "not finished"];
    });
    document.getElementById("summary").append(table(
      ["run", "rows", "features", "labels", "epochs", "loss", "P@1", "P@3", "P@5", "PSP@1", "PSP@5", "training", "input wait %", "peak MiB", "threads × simd", "state"],
      rows, (i) => i > 0 && i < 14));
  };

  const phases = () => {
    const sums = runs.map((run) => {
      const sum = {};
      for (const epoch of run.epochs) for (const [name, seconds] of Object.entries(epoch.phase_seconds || {})) sum[name] = (sum[name] || 0) + seconds;
      return sum;
    });
    const names = [...new Set(sums.flatMap((sum) => Object.keys(sum)))].filter((name) => sums.some((sum) => sum[name] > 0));
    const most = Math.max(1e-9, ...sums.flatMap((sum) => Object.values(sum)));
    const bar = (seconds, run) => element("div", { class: "bar" },
      element("i", { style: `width:${(80 * seconds / most).toFixed(2)}%;background:${run.colour}`, "aria-hidden": "true" }),
      element("span", {}, `${duration(seconds)}${run.seconds > 0 ? `, ${percent(seconds / run.seconds, 1)} %` : ""}`));
    const rows = names.map((name) => element("tr", {}, element("th", { scope: "row" }, name),
      element("td", {}, ...runs.map((run, i) => (name in sums[i] ? bar(sums[i][name], run) : "")))));
    const node = document.getElementById("phases");
    node.append(element("p", {}, "Wall time over all epochs, and its part of the training time."));
    node.append(rows.length > 0 ? element("table", { class: "bars" }, element("tbody", {}, ...rows)) : element("p", {}, "No epoch was finished."));
  };

  const configuration = () => {
    const names = [...new Set(runs.flatMap((run) => Object.keys(run.start.config || {})))];
    const text = (run, name) => String(run.start.config?.[name] ?? "–");
    const differs = (name) => runs.some((run) => text(run, name) !== text(runs[0], name));
    const box = element("input", { type: "checkbox" });
    box.checked = runs.length > 1;
    if (runs.length > 1) document.getElementById("config-controls").append(element("label", {}, box, " only what differs"));
    const draw = () => {
      const shown = names.filter((name) => !box.checked || differs(name));
      const node = table(["option", ...runs.map((run) => run.name)], shown.map((name) => [name, ...runs.map((run) => text(run, name))]), () => false);
      [...node.tBodies[0].rows].forEach((row, i) => row.classList.toggle("differs", differs(shown[i])));
      document.getElementById("config").replaceChildren(shown.length > 0 ? node : element("p", {}, "All options are the same."));
    };
    box.addEventListener("change", draw);
    draw();
  };

  // How labels are found by how many training rows they have, at each cut-off that was asked for.
  const frequencies = (scores) => {
    const buckets = scores.by_frequency || [];
    if (buckets.length === 0) return element("p", {}, "How often labels are trained on is not known.");
    const cutoffs = Object.keys(buckets[0]).filter((key) => key.startsWith("found@")).map((key) => Number(key.slice(6)));
    const scored = Math.max(1, scores.samples - scores.unlabelled);
    const rows = buckets.map((one) => [one.least === one.most ? number(one.least) : `${number(one.least)}–${number(one.most)}`, number(one.labels), number(one.true),
      ...cutoffs.map((k) => percent(one[`found@${k}`] / (scored * k))), ...cutoffs.map((k) => percent(one.true > 0 ? one[`found@${k}`] / one.true : null))]);
    return element("div", { class: "scroll" }, table(["training rows", "labels", "true", ...cutoffs.map((k) => `P@${k}`), ...cutoffs.map((k) => `R@${k}`)], rows));
  };
  const mistakes = (list) => {
    if (list.length === 0) return element("p", {}, "All first answers are right.");
    const answer = (one) => element("div", one.true === true ? { class: "true" } : {}, `${one.label} ${percent(one.probability, 1)} %${one.true === true ? " ✓" : ""}`);
    return element("div", { class: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, ...["row", "text", "true labels", "answers"].map((name) => element("th", { scope: "col" }, name)))),
      element("tbody", {}, ...list.map((one) => element("tr", {}, element("th", { scope: "row" }, number(one.row)), element("td", { class: "text" }, String(one.text ?? "")),
        element("td", { class: "list" }, ...one.labels.map((name) => element("div", {}, String(name)))), element("td", { class: "list" }, ...one.answers.map(answer)))))));
  };
  const evaluations = () => {
    const source = document.getElementById("examples");
    if (source === null) return;
    document.getElementById("evaluations").append(...JSON.parse(source.textContent).map((one) => element("section", {},
      element("h2", {}, `Scored on ${one.test}`), element("h3", {}, "By how many training rows labels have, %"),
      element("p", {}, "P@k: what these labels add to it. R@k: the share of their occurrences that is found."), frequencies(one.evaluation),
      element("h3", {}, "Mistakes"), element("p", {}, "Rows whose first answer is wrong, the most probable ones first. ✓: a true label."), mistakes(one.mistakes))));
  };

  document.getElementById("legend").append(...runs.map((run) => element("li", {}, sample_line(run), run.name)));
  document.getElementById("subtitle").textContent = `${runs.length === 1 ? "One run" : `${runs.length} runs`} of Glissade ${[...new Set(runs.map((run) => run.start.version || "?"))].join(", ")}`;
  for (const run of runs.filter((one) => one.apart)) document.getElementById("summary").before(element("p", { role: "note" },
    `${run.apart} and ${run.name} are scored on different rows: their P@k, nDCG@k and PSP@k cannot be compared.`));
  summary();
  evaluations();
  phases();
  configuration();
  for (const input of document.querySelectorAll(".controls input[type=radio]")) input.addEventListener("change", curves);
  curves();
})();
