"""What the reference scripts share: where things lie and how a result is written."""
import json
import math
import os
import platform
import sys

import numpy
import scipy

here = os.path.dirname(os.path.abspath(__file__))
examples = os.path.join(here, "..", "..", "..", "examples")


def read_json(*path):
    with open(os.path.join(examples, *path)) as file:
        return json.load(file)


def write_example(content, *path):
    """Writes data of an example: generated here with a fixed seed, rounded so that file and script agree."""
    with open(os.path.join(examples, *path), "w") as file:
        json.dump(content, file, separators=(",", ":"))
        file.write("\n")


def read_column(column, *path):
    with open(os.path.join(examples, *path)) as file:
        header = file.readline().strip().split(",")
        index = header.index(column)
        cells = [line.strip().split(",")[index] for line in file if line.strip()]
    return numpy.array([float(cell) if cell not in ("", "NA") else numpy.nan for cell in cells])


def quantity(mean, sd=None, mcse=None):
    result = {"mean": float(mean)}
    if sd is not None:
        result["sd"] = float(sd)
    if mcse is not None:
        result["mcse"] = float(mcse)
    return result


def write(name, about, results):
    """results: name -> {"quantities": {...}, "logEvidence"?, "elbo"?}."""
    script = os.path.basename(sys.argv[0])
    content = {
        "about": about,
        "script": script,
        "versions": f"Python {platform.python_version()}, NumPy {numpy.__version__}, SciPy {scipy.__version__}",
        "results": results,
    }
    for result in results.values():
        for entry in result["quantities"].values():
            assert all(math.isfinite(value) for value in entry.values())
    with open(os.path.join(here, name + ".json"), "w") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
    print(name, "written")
