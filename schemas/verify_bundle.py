#!/usr/bin/env python3
"""Check an exported bundle without Reseal: python3 verify_bundle.py FOLDER [CITED]

Computes the seal, the artifact id, and all keys, trees and digests again and compares them with
what the bundle says. CITED is what a paper gives: an artifact id, a seal, or both as
`<artifact id>;seal=<seal>`. Exit status: 0 if all agree, else 1. Needs Python 3.9, nothing else.
"""
import hashlib, json, sys
from decimal import Decimal
from pathlib import Path

BESIDE = {"manifest.json", "checksums.sha256", "CITATION.bib", "citation.json", "citation.md"}
TREES = [("code", "inputs", "code"), ("inputs", "inputs", "data"),
         ("outputs", "results", "outputs"), ("metrics", "results", "metric_series")]
NAMED = [("config.snapshot.json", "inputs", "config"), ("logs/stdout.log", "results", "stdout"),
         ("comparison.json", "results", "comparison"),
         ("calibration/final.json", "results", "calibration")]

def number(value):  # A double as ECMAScript prints it; repr() finds the shortest digits.
    if value == 0: return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits, point = "".join(map(str, digits)), len(digits) + exponent
    if 0 < point <= 21: text = digits[:point].ljust(point, "0") + "." + digits[point:]
    elif -6 < point <= 0: text = "0." + "0" * -point + digits
    else: text = (digits[0] + "." + digits[1:]).rstrip(".") + f"e{point - 1:+}"
    return "-" * sign + text.rstrip(".")

def canonical(value):  # RFC 8785: keys in the order of UTF-16, no white space, the fewest escapes.
    if isinstance(value, float): return number(value)
    if isinstance(value, list): return "[" + ",".join(map(canonical, value)) + "]"
    if not isinstance(value, dict): return json.dumps(value, ensure_ascii=False)
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"

def digest(chunks):
    hasher = hashlib.sha256()
    for chunk in chunks: hasher.update(chunk)
    return "sha256:" + hasher.hexdigest()

def digest_file(path):
    with open(path, "rb") as file: return digest(iter(lambda: file.read(1 << 20), b""))

def digest_json(value):
    return digest([canonical(value).encode()])

def digest_tree(found):  # The lines of sha256sum, sorted by the bytes of the path.
    return digest(f"{found[name][7:]}  {name}\n".encode() for name in sorted(found, key=str.encode))

def read_json(path):  # With every number as the double that it is in JSON.
    return json.loads(path.read_bytes().decode(), parse_int=float)

def checks(root):  # Yields what is checked, what comes out here, what the bundle says.
    files = {path.relative_to(root).as_posix(): path for path in root.rglob("*")
             if path.is_file() and not path.is_symlink()}
    found = {name: digest_file(path) for name, path in files.items()}
    sizes = {name: path.stat().st_size for name, path in files.items()}
    manifest, citation = read_json(root / "manifest.json"), read_json(root / "citation.json")
    content, context = manifest["content"], manifest["context"]
    environment = read_json(files["environment.json"]) if "environment.json" in files else None
    results = canonical(content["results"])  # Success alone is no result, so it has no key.
    is_empty = results in ("{}", '{"exit":{"code":0}}')
    yield "canonical form", digest_json(manifest), found["manifest.json"]
    yield "seal", found["manifest.json"], citation["seal"]
    yield "artifact id", digest_json(content), context["artifact_id"]
    yield "artifact id", digest_json(content), citation["artifact_id"]
    yield "input key", digest_json(content["inputs"]), context["input_key"]
    yield "result key", None if is_empty else digest([results.encode()]), context["result_key"]
    yield "env key", environment and digest_json(environment["comparable"]), context["env_key"]
    for folder, half, key in TREES:
        names = [name for name in found if name.startswith(folder + "/")]
        tree = digest_tree({name[len(folder) + 1:]: found[name] for name in names})
        computed = f"{tree} {len(names)} {sum(sizes[name] for name in names)}" if names else None
        claim = content[half].get(key)
        yield f"{half}.{key}", computed, claim and "{tree} {files:.0f} {bytes:.0f}".format(**claim)
        yield f"trees/{folder}.sha256", found.get(f"trees/{folder}.sha256"), tree if names else None
    for name, half, key in NAMED:
        if key in content[half]: yield f"{half}.{key}", found.get(name), content[half][key]
    paths = [entry["path"] for entry in context["files"]]
    yield "order of files", paths == sorted(set(paths), key=str.encode), True
    listed = {entry["path"]: f"{entry['digest']} {entry['size']:.0f}" for entry in context["files"]}
    for name in sorted((listed.keys() | found.keys()) - BESIDE):
        yield name, f"{found.get(name)} {sizes.get(name)}", listed.get(name)
    yield "checksums.sha256", found.pop("checksums.sha256"), digest_tree(found)

def main(folder, cited=""):
    sys.stdout.reconfigure(errors="backslashreplace")
    count, wrong, ids = 0, 0, {""}
    try:
        for what, computed, claimed in checks(Path(folder)):
            if computed is None and claimed is None: continue
            if what in ("seal", "artifact id"): ids.add(computed)
            mark, tail = ("ok ", "") if computed == claimed else ("BAD", f", not {claimed}")
            text = f"{what:<22}  {computed}{tail}"
            print(mark, text if text.isprintable() else ascii(text))
            count, wrong = count + 1, wrong + (mark == "BAD")
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError,
            ValueError) as error:
        print("BAD", f"{type(error).__name__}: {ascii(str(error))}")
        wrong += 1
    for part in set(cited.replace("seal=", "").split(";")) - ids:
        print("BAD", f"cited is another: {part}")
        wrong += 1
    print(f"{count} checked, {wrong} wrong")
    return 1 if wrong else 0

if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) in (2, 3) else __doc__)
