"""13-discrete-pushforward: masses of T(X) as sums over preimages."""
from common import quantity, read_json, write

p = read_json("13-discrete-pushforward", "masses.json")["p"]
image = [0, 1, 1]
mass = sum(q for q, y in zip(p, image) if y == 1)
write("discrete-pushforward", "P(T(X) = b) = sum of P(X = x) over x with T(x) = b", {
    "law": {"quantities": {"y": quantity(mass, (mass * (1 - mass)) ** 0.5)}, "logEvidence": 0.0},
})
