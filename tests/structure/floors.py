"""The order of engine/'s folders: what each may include and call. The list is the one place where the order is written down."""

import json
import re
import subprocess

from runner import ROOT, Failure, Skip

# From the lowest floor to the highest. A folder may use those of lower floors: none beside it and none above it.
FLOORS = [
    ["relations", "progress", "communication"],
    ["config", "topology"],
    ["parameters", "losses", "runtime", "model_file", "pipeline", "histories"],
    ["features", "packing"],
    ["batches"],
    ["dense", "candidates"],
    ["layers", "sparse_rows"],
    ["search", "neighbours", "names"],
    ["samplers", "ranking", "shards"],
    ["output"],
    ["estimates"],
    ["model"],
    ["inference", "pruning"],
    ["explanation"],
    ["training", "serving"],
    ["words", "evaluation", "learning", "preparation"],
    ["autotune"],
    ["c_api"],
]
FLOOR_OF = {folder: floor for floor, folders in enumerate(FLOORS) for folder in folders}
ENGINE = ROOT / "engine"
INCLUDE = re.compile(r'^\s*#\s*include\s*"engine/([^"]+)"', re.MULTILINE)


def may_use(folder, used):
    return used == folder or FLOOR_OF[used] < FLOOR_OF[folder]


def problem(source, what, folder, used):
    where = "above" if FLOOR_OF[used] > FLOOR_OF[folder] else "beside"
    return f"{source} {what}: engine/{used}/ lies {where} engine/{folder}/ (tests/structure/floors.py)"


def folder_of(path):
    """The folder of a file below engine/, '' for one that lies in engine/ itself."""
    parts = path.relative_to(ENGINE).parts
    return parts[0] if len(parts) > 1 else ""


def refuse(problems):
    if problems:
        raise Failure("\n".join(f"  {line}" for line in problems))


def check_listed():
    there = {path.name for path in ENGINE.iterdir() if path.is_dir() and any(path.iterdir())} - {"include"}
    refuse([f"engine/{folder}/ has no floor in tests/structure/floors.py" for folder in sorted(there - FLOOR_OF.keys())] +
           [f"tests/structure/floors.py lists engine/{folder}/, which is not there" for folder in sorted(FLOOR_OF.keys() - there)] +
           [f"engine/{folder}/README.md is missing" for folder in sorted(there) if not (ENGINE / folder / "README.md").is_file()] +
           [f"{path.relative_to(ROOT)} lies in no folder of engine/" for path in sorted(ENGINE.iterdir()) if path.suffix in (".h", ".cpp")])


def check_includes():
    problems = []
    for path in sorted(ENGINE.rglob("*")):
        if path.suffix not in (".h", ".cpp") or "include" in path.relative_to(ENGINE).parts:
            continue
        for name in INCLUDE.findall(path.read_text()):
            used = name.split("/")[0]
            if used in FLOOR_OF and folder_of(path) in FLOOR_OF and not may_use(folder_of(path), used):
                problems.append(problem(path.relative_to(ROOT), f'includes "engine/{name}"', folder_of(path), used))
    refuse(problems)


def objects(build):
    """(folder, object file) of all that the engine is compiled from: its source files, or joined_FOLDER.cpp for all of a folder."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = (build / entry["file"]).resolve()
        joined = path.parent == build / "engine" and path.stem.startswith("joined_")
        if (joined or ENGINE in path.parents) and (build / entry["output"]).is_file():
            yield path.stem.removeprefix("joined_") if joined else folder_of(path), build / entry["output"]


def symbols(object_file):
    """(names that a file defines, names that it uses from elsewhere). Weak ones, templates and inline functions, belong to no file."""
    out = subprocess.run(["nm", str(object_file)], capture_output=True, text=True, check=True).stdout
    defined, used = set(), set()
    for line in out.splitlines():
        kind, name = line[17:18], line[19:]
        if kind in "TDBR":
            defined.add(name)
        elif kind == "U":
            used.add(name)
    return defined, used


def check_calls(build):
    """Public headers declare what any folder may define: so includes do not show all, the object files do."""
    owner, users = {}, []
    for folder, object_file in objects(build):
        defined, used = symbols(object_file)
        owner.update(dict.fromkeys(defined, folder))
        users.append((folder, used))
    if len(owner) < 200:
        raise Skip(f"only {len(owner)} functions in the engine's objects of {build}")
    problems = []
    for folder, used in users:
        for name in sorted(used & owner.keys()):
            if not may_use(folder, owner[name]):
                plain = subprocess.run(["c++filt", name], capture_output=True, text=True, check=True).stdout.strip()
                problems.append(problem(f"engine/{folder}/", f"calls {plain}", folder, owner[name]))
    refuse(problems)


def check_drawing():
    """engine/README.md draws the floors from the highest to the lowest, one a line."""
    text = (ENGINE / "README.md").read_text()
    drawing = re.search(r"```\n(.*?)```", text, re.DOTALL)
    drawn = [sorted(line.split()) for line in drawing.group(1).splitlines()] if drawing else []
    wanted = [sorted(folders) for folders in reversed(FLOORS)]
    refuse([f"engine/README.md draws {' '.join(one) or 'nothing'} where tests/structure/floors.py has {' '.join(two) or 'nothing'}"
            for one, two in zip(drawn + [[]] * (len(wanted) - len(drawn)), wanted + [[]] * (len(drawn) - len(wanted))) if one != two])


def run(context):
    for name, check in (
        ("every folder of the engine has a floor and a README", check_listed),
        ("includes in the engine go to lower floors", check_includes),
        ("calls in the engine go to lower floors", lambda: check_calls(context.build)),
        ("engine/README.md draws the floors", check_drawing),
    ):
        context.case(f"structure: {name}", check)
