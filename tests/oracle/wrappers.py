"""Steps of wrapped cells, quiet: what a wrapper makes of another step."""


def inside(step):
    """Run a step with the parameters of the inner cell."""
    return lambda p, carry, x: step(p.cell, carry, x)


def zoneout(step, **rates):
    """Krueger et al. (2016) in expectation: each field keeps its share of the old."""

    def held(p, carry, x):
        new, gates = step(p, carry, x)
        for name, rate in rates.items():
            new[name] = rate * carry[name] + (1 - rate) * new[name]
        return new, gates

    return held
