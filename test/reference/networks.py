"""Marginals and evidence of the discrete networks in test/programs (bn_*.cred), read from the programs
themselves and contracted by numpy.einsum, an order of contraction found by numpy. Small networks are also
enumerated state by state. Writes networks.json beside this file."""
import itertools
import json
import pathlib
import re

import numpy

here = pathlib.Path(__file__).parent
programs = here.parent / "programs"
networks = ["alarm", "cancer", "child", "earthquake", "sprinkler", "survey"]


def read(name):
    text = (programs / f"bn_{name}.cred").read_text()
    nodes = {}
    for match in re.finditer(r"^sample (\w+) ~ Categorical\((.*)\)$", text, re.M):
        table, parents = split(match.group(2))
        nodes[match.group(1)] = (numpy.array(json.loads(table)), parents)
    evidence = json.loads((programs / f"bn_{name}.json").read_text())
    return nodes, evidence


def split(law):
    match = re.match(r"^(.*\])\[([\w, ]+)\]$", law)
    if match and re.search(r"[a-z]", match.group(2)):
        return match.group(1), match.group(2).split(", ")
    return law, []


def solve(name):
    nodes, evidence = read(name)
    number = {node: k for k, node in enumerate(nodes)}
    operands = []
    for node, (table, parents) in nodes.items():
        scope = parents + [node]
        index = tuple(evidence[v] if v in evidence else slice(None) for v in scope)
        operands += [table[index], [number[v] for v in scope if v not in evidence]]
    path = numpy.einsum_path(*operands, [], optimize="greedy")[0]
    total = float(numpy.einsum(*operands, [], optimize=path))
    marginals = {}
    for node in nodes:
        if node in evidence:
            continue
        joint = numpy.einsum(*operands, [number[node]], optimize=numpy.einsum_path(*operands, [number[node]], optimize="greedy")[0])
        marginals[node] = (joint / total).tolist()
    states = numpy.prod([nodes[v][0].shape[-1] for v in marginals])
    if states <= 1e4:
        check = enumerate_states(nodes, evidence)
        assert abs(check - total) < 1e-12 * total
    return {"logEvidence": float(numpy.log(total)), "marginals": marginals}


def enumerate_states(nodes, evidence):
    free = [v for v in nodes if v not in evidence]
    total = 0.0
    for values in itertools.product(*(range(nodes[v][0].shape[-1]) for v in free)):
        state = {**evidence, **dict(zip(free, values))}
        p = 1.0
        for node, (table, parents) in nodes.items():
            p *= table[tuple(state[v] for v in parents + [node])]
        total += p
    return total


if __name__ == "__main__":
    (here / "networks.json").write_text(json.dumps({name: solve(name) for name in networks}, indent=1) + "\n")
