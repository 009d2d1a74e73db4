"""The tools that are compared: what each is, how it is installed, what it reads, how it is set up. Standard library only."""

import dataclasses
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]

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
    "sklearn": [["scikit-learn"]],
    # Without the neural networks of its other half.
    "libmultilabel": [["numba", "pandas", "PyYAML", "psutil", "scikit-learn", "sparsekmeans", "tqdm", "liblinear-multicore"], ["--no-deps", "libmultilabel"]],
}

FASTTEXT = {"dim": 100}
OVA_RATE = 3e9  # multiplications and additions per second and thread that fastText's one-versus-all loss was seen to do
SGD_RATE = 3.5e6  # samples per second and thread that scikit-learn's SGDClassifier was seen to take, of 13 features each
TORCH = {"dropout": 0.0, "batch": 1024, "learning_rate": 0.01}
SAMPLED = 4096  # labels
SGD = {"max_iter": 5, "tol": None, "alpha": 1e-5}


@dataclasses.dataclass
class Tool:
    name: str  # of its row and its files
    group: str  # of INSTALLS; "" for Glissade's own program
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
        Tool("libmultilabel", "libmultilabel", "run_libmultilabel.py", "linear trees of up to 100 branches, LIBLINEAR's L2-loss SVM in the nodes, beam 10",
             {"liblinear": "-s 1 -e 0.0001 -q", "threads": True, "branches": 100, "depth": 10, "beam": 10}, ("text", "matrix")),
        one_vs_rest(settings, data),
        torch_tool(settings, "cpu", "bf16"),
        torch_tool(settings, "cpu", "fp32"),
        torch_tool(settings, "cpu", "fp32", SAMPLED),
        torch_tool(settings, "cuda", "bf16"),
        torch_tool(settings, "cuda", "bf16", SAMPLED),
    ]


def glissade_tools(settings):
    variants = [("glissade", "defaults, no tuning flags", [])]
    variants += [(f"glissade-{name}", " ".join(flags), flags) for name, flags in settings.glissade]
    program = f"{settings.build}/apps/glissade"
    python = {"package": str(ROOT / "apps/python/glissade"), "library": f"{settings.build}/engine/c_api/libglissade.so", "options": {}}
    return [
        *[Tool(name, "", "run_glissade.py", about, {"program": program, "flags": flags}) for name, about, flags in variants],
        Tool("python-glissade", "sklearn", "run_glissade_python.py", "GlissadeClassifier() on matrices in memory", python, ("text", "matrix")),
    ]


def ova(settings, data):
    options = {**FASTTEXT, "loss": "ova", "epoch": 5, "lr": 0.2}  # not tuned: at 0.5 it ended in NaN on wordnet-related, at 0.1 it barely learns
    tool = Tool("fasttext-ova", "fasttext", "run_fasttext.py", "one versus all, features as words without their values", options, ("text", "words"))
    operations = 4.0 * options["epoch"] * data["train_rows"] * data["labels"] * options["dim"]
    seconds = operations / (OVA_RATE * settings.threads)
    if seconds > settings.limit:
        tool.obstacle = f"would take about {seconds:,.0f} s, more than the limit of {settings.limit:,.0f} s"
    return tool


def one_vs_rest(settings, data):
    tool = Tool("sklearn-ovr", "sklearn", "run_sklearn.py", f"OneVsRestClassifier of SGDClassifier (hinge loss), {SGD['max_iter']} passes", SGD, ("text", "matrix"))
    seconds = SGD["max_iter"] * data["labels"] * data["train_rows"] / (SGD_RATE * settings.threads)
    if seconds > settings.limit:
        tool.obstacle = f"would take about {seconds:,.0f} s, more than the limit of {settings.limit:,.0f} s"
    return tool


def torch_tool(settings, device, precision, sampled=0):
    """`sampled`: labels that are drawn for a batch beside its own; 0: all labels are scored."""
    options = {**TORCH, "device": device, "precision": precision, "hidden": settings.torch_hidden, "epochs": settings.torch_epochs,
               "budget": settings.torch_budget, "sampled": sampled}
    softmax, name = (f"softmax over {sampled} drawn labels and the batch's own", "-sampled") if sampled else ("full softmax", "")
    about = f"{softmax}, {options['hidden']} hidden, Adam, batch {options['batch']}, {precision}"
    return Tool(f"torch-{device}-{precision}{name}", "torch", "run_torch.py", about, options, ("text", "matrix"))


def chosen(tools, names):
    """Those named: 'omikuji' stands for all of that name. None: all. Raises KeyError with a name that fits nothing."""
    if names is None:
        return tools
    fits = lambda tool, name: tool.name == name or tool.name.startswith(name + "-")  # noqa: E731
    for name in names:
        if not any(fits(tool, name) for tool in tools):
            raise KeyError(name)
    return [tool for tool in tools if any(fits(tool, name) for name in names)]
