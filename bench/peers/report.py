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


def time_to(curve, goal):
    """Training seconds at the first point that reaches the goal, or None."""
    return next((point["seconds"] for point in curve if point["p@1"] >= goal), None)


def same_precision(results):
    """For each full softmax: when it, and each curve of Glissade, reached parts of its best P@1."""
    out = []
    for softmax in (result for result in results if result["tool"].startswith("torch") and result.get("curve")):
        best = max(point["p@1"] for point in softmax["curve"])
        rows = []
        for part in LEVELS:
            there = time_to(softmax["curve"], part * best)
            cells = [f"{percent(part * best)}", f"{there:.1f}"]
            for own in curves_of_glissade(results):
                seconds = time_to(own["curve"], part * best)
                cells.append("never" if seconds is None else f"{seconds:.1f} ({there / seconds:.1f} x faster)")
            rows.append(cells)
        out += ["", *table(["P@1", f"{softmax['tool']} s", *(f"{own['tool']} s" for own in curves_of_glissade(results))], rows)]
    return out


def curves_of_glissade(results):
    return [result for result in results if result["tool"].startswith("glissade") and result.get("curve")]


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
