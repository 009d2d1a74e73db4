"""The tools that are compared: what each is, how it is installed, what it reads, how it is set up. Standard library only."""

import dataclasses

# What pip is asked for, group by group, with the versions of requirements.txt. A list is one call of pip.
INSTALLS = {
    "base": [["numpy", "scipy", "matplotlib"]],
    "omikuji": [["omikuji"]],
    # XR-Linear needs none of the language models that the whole of libpecos asks for.
    "pecos": [["scikit-learn"], ["--no-deps", "libpecos"]],
    "napkinxc": [["napkinxc"]],
    # Built here: the package's setup.py drops the flags of its own Makefile, which environment.py puts back.
    "fasttext": [["--no-cache-dir", "--no-binary", "fasttext", "fasttext"]],
    "torch": [["torch"]],
}

FASTTEXT = {"dim": 100}
OVA_RATE = 3e9  # multiplications and additions per second and thread that fastText's one-versus-all loss was seen to do
TORCH = {"dropout": 0.0, "batch": 1024, "learning_rate": 0.01}


@dataclasses.dataclass
class Tool:
    name: str  # of its row and its files
    group: str  # of INSTALLS; "" for Glissade
    runner: str
    about: str
    options: dict
    forms: tuple = ("text",)  # see forms.py
    obstacle: str = ""  # why it is not run


def all_tools(settings, data):
    """`settings` are the options of peers.py, `data` says how large the data are."""
    return [
        *glissade_tools(settings),
        Tool("omikuji-k2", "omikuji", "run_omikuji.py", "three balanced binary label trees (Parabel)", {}, ("text", "matrix")),
        Tool("omikuji-k100", "omikuji", "run_omikuji.py", "three shallow, unbalanced trees of 100 branches (Bonsai)",
             {"cluster_k": 100, "cluster_balanced": False, "max_depth": 3}, ("text", "matrix")),
        Tool("pecos", "pecos", "run_pecos.py", "XR-Linear, PIFA clusters, TFN negatives, beam 10", {}, ("text", "matrix")),
        Tool("napkinxc", "napkinxc", "run_napkinxc.py", "probabilistic label tree, hierarchical 2-means, liblinear", {}),
        Tool("fasttext-hs", "fasttext", "run_fasttext.py", "hierarchical softmax, features as words without their values",
             {**FASTTEXT, "loss": "hs", "epoch": 25, "lr": 0.5}, ("text", "words")),
        ova(settings, data),
        torch_tool(settings, "cpu", "bf16"),
        torch_tool(settings, "cpu", "fp32"),
        torch_tool(settings, "cuda", "bf16"),
    ]


def glissade_tools(settings):
    variants = [("glissade", "defaults, no tuning flags", [])]
    variants += [(f"glissade-{name}", " ".join(flags), flags) for name, flags in settings.glissade]
    program = f"{settings.build}/apps/glissade"
    return [Tool(name, "", "run_glissade.py", about, {"program": program, "flags": flags}) for name, about, flags in variants]


def ova(settings, data):
    options = {**FASTTEXT, "loss": "ova", "epoch": 5, "lr": 0.2}  # not tuned: at 0.5 it ended in NaN on wordnet-related, at 0.1 it barely learns
    tool = Tool("fasttext-ova", "fasttext", "run_fasttext.py", "one versus all, features as words without their values", options, ("text", "words"))
    operations = 4.0 * options["epoch"] * data["train_rows"] * data["labels"] * options["dim"]
    seconds = operations / (OVA_RATE * settings.threads)
    if seconds > settings.limit:
        tool.obstacle = f"would take about {seconds:,.0f} s, more than the limit of {settings.limit:,.0f} s"
    return tool


def torch_tool(settings, device, precision):
    options = {**TORCH, "device": device, "precision": precision, "hidden": settings.torch_hidden, "epochs": settings.torch_epochs, "budget": settings.torch_budget}
    about = f"full softmax, {options['hidden']} hidden, Adam, batch {options['batch']}, {precision}"
    return Tool(f"torch-{device}-{precision}", "torch", "run_torch.py", about, options, ("text", "matrix"))


def chosen(tools, names):
    """Those named: 'omikuji' stands for all of that name. None: all. Raises KeyError with a name that fits nothing."""
    if names is None:
        return tools
    fits = lambda tool, name: tool.name == name or tool.name.startswith(name + "-")  # noqa: E731
    for name in names:
        if not any(fits(tool, name) for tool in tools):
            raise KeyError(name)
    return [tool for tool in tools if any(fits(tool, name) for name in names)]
