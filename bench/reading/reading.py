"""Makes files of records out of one of JSON lines, repeated, and reads each with reading_bench: ./dev bench reading [JSONL] [--megabytes N]"""

import argparse
import csv
import json
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def text_of(value):
    return ";".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def write_forms(lines, folder, megabytes):
    """The forms of the records, repeated up to so many megabytes each."""
    records = [json.loads(line) for line in lines]
    names = list(records[0])
    out = {}
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([text_of(record.get(name)) for name in names] for record in records)
    with open(folder / "table-quoted.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([text_of(record.get(name)) for name in names] for record in records)
    (folder / "records.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "records.txt").write_text("".join(
        " ".join(f"__label__{str(label).replace(' ', '-')}" for label in record.get("related") or []) + " "
        + " ".join(text_of(record[name]).replace("\n", " ") for name in names) + "\n" for record in records), encoding="utf-8")
    for path in sorted(folder.iterdir()):
        body = path.read_bytes()
        header = (",".join(names) + "\r\n").encode() if path.suffix == ".csv" else b""
        with open(path, "wb") as file:
            file.write(header)
            for _ in range(max(1, megabytes * 1_000_000 // len(body))):
                file.write(body)
        out[path] = ["text", "labels"] if path.suffix == ".txt" else names
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=pathlib.Path, default=ROOT / "../shared/data/wordnet-text/train.jsonl.zst")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--bench", type=pathlib.Path, default=ROOT / "build/bench/reading/reading_bench")
    chosen = parser.parse_args()
    packed = chosen.file.suffix == ".zst"
    text = subprocess.run(["zstd", "-dcq", chosen.file], capture_output=True, check=True).stdout if packed else chosen.file.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        for path, columns in write_forms(text.decode().splitlines(keepends=True), pathlib.Path(folder), chosen.megabytes).items():
            print(f"{path.name:20} ", end="", flush=True)
            subprocess.run([chosen.bench, path, *columns], check=True)


if __name__ == "__main__":
    main()
