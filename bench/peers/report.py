"""The table of a comparison as markdown, and how long who took to the same P@1. Standard library only."""

LEVELS = (0.5, 0.75, 0.9, 1.0)  # parts of the best P@1 of the full softmax


def percent(value):
    return f"{100 * value:.2f}"


def stage(result, name, what="seconds"):
    """0 for a stage that a tool does not have; None where it was not measured."""
    return result["stages"].get(name, {what: 0.0})[what]


def train_seconds(result):
    return stage(result, "train")


def row(result):
    if result["status"] != "ok":
        return [result["tool"], *["-"] * (len(TITLES) - 2), f"{result['status']}: {result['why']}"]
    scores = [percent(result["scores"][f"{measure}@{k}"]) for measure in ("p", "psp") for k in (1, 3, 5)]
    note = result.get("device", "") if result.get("device") != "cpu" else ""
    if result["tool"].startswith("fasttext"):
        note = "reads while it trains"
    return [result["tool"], *scores, f"{train_seconds(result):.1f}", f"{train_seconds(result) + stage(result, 'read'):.1f}",
            f"{stage(result, 'train', 'cpu_seconds'):.1f}", f"{1000 * stage(result, 'predict') / result['scores']['samples']:.3f}",
            f"{result['peak_mib']:,.0f}", f"{result['model_bytes'] / 2**20:,.1f}", note]


TITLES = ["tool", "P@1", "P@3", "P@5", "PSP@1", "PSP@3", "PSP@5", "training s", "with reading s", "training CPU s", "predict ms/sample", "peak MiB", "model MiB", "note"]


def table(titles, rows):
    aligned = ["---" if title in ("tool", "note") else "---:" for title in titles]
    return ["| " + " | ".join(cells) + " |" for cells in (titles, aligned, *rows)]


def reached(curve, goal):
    """The first point that reaches the goal, or None."""
    return next((point for point in curve if point["p@1"] >= goal), None)


def against(softmax, own):
    """How much sooner than the softmax's point a point of Glissade comes."""
    if own is None:
        return ["never", "-", "-"]
    return [f"{own['seconds']:.1f}", *(f"{softmax[key] / own[key]:.1f}" for key in ("seconds", "cpu_seconds"))]


def same_precision(results):
    """For each full softmax: when it, and each curve of Glissade, reached parts of its best P@1."""
    out = []
    ours = [result for result in results if result["tool"].startswith("glissade") and result.get("curve")]
    titles = [title for own in ours for title in (f"{own['tool']} s", "times faster", "by CPU seconds")]
    for softmax in (result for result in results if result["tool"].startswith("torch") and result.get("curve")):
        goals = [part * max(point["p@1"] for point in softmax["curve"]) for part in LEVELS]
        rows = []
        for goal in goals:
            there = reached(softmax["curve"], goal)
            rows.append([percent(goal), f"{there['seconds']:.1f}", *(cell for own in ours for cell in against(there, reached(own["curve"], goal)))])
        out += ["", *table(["P@1", f"{softmax['tool']} s", *titles], rows)]
    return out


def markdown(whole):
    machine, results = whole["machine"], whole["results"]
    head = f", only the first {whole['head']:,} rows of each file" if whole["head"] else ""
    out = [f"# {whole['data']}: Glissade and its peers", "",
           f"- data: {whole['train_rows']:,} training and {whole['test_rows']:,} test rows, {whole['features']:,} features, {whole['labels']:,} labels{head}",
           f"- machine: {machine['cpu']} ({', '.join(machine['features'])}), {machine['cpus']} CPUs usable, {machine['memory_gib']} GiB, {machine['system']}; {whole['threads']} threads",
           f"- command: `{whole['command']}`",
           "- P@k and PSP@k in percent over the whole test set, all by bench/peers/scoring.py; what the columns mean: bench/peers/README.md", ""]
    out += table(TITLES, [row(result) for result in results])
    comparison = same_precision(results)
    if comparison:
        out += ["", "## Training seconds to the same P@1 on a sample of the test rows", *comparison]
    out += ["", "## What ran", ""]
    for result in results:
        options = " ".join(f"{key}={value}" for key, value in result["options"].items() if key not in ("program", "flags"))
        version = result.get("version", "")
        loads = f"load {result['load_before']:.1f}" + (f" to {result['load_after']:.1f}" if "load_after" in result else "")
        out.append(f"- {result['tool']}: " + "; ".join(part for part in (result["about"], version, options, result["date"], f"commit {result['commit']}", loads) if part))
    return "\n".join(out) + "\n"
