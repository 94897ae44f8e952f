"""Keys that have moved: an old one is refused by a line that says the new one."""

CHRONO = "options.forget_bias={name: Chrono, t_max: N}"
MOVED = {
    "model.encoder": "model.stack",
    "model.cell": "model.stack.cell",
    "model.hidden_sizes": "model.stack.hidden_sizes",
    "model.init": "model.stack.init",
    "model.init_scale": "model.stack.init_scale",
    "model.forget_bias": "model.stack.forget_bias",
    "model.chrono": "model.stack.chrono",
    "model.stack.forget_bias": "model.stack.options.forget_bias",
    "model.stack.chrono": f"model.stack.{CHRONO}",
    "model.decoder.forget_bias": "model.decoder.options.forget_bias",
    "model.decoder.chrono": f"model.decoder.{CHRONO}",
}
"""From old keys to new ones, those of whole groups too; one may have moved twice."""


def moved(key: str, known: tuple[str, ...]) -> str | None:
    """Return what an old key is called now, None where it never was one.

    Args:
        key: in full.
        known: the keys that there are, those of groups included.

    Example:
        >>> moved("model.encoder.cell", ("model.stack", "model.stack.cell"))
        'model.stack.cell'
        >>> moved("model.encoder.cell", ("model.layers",)) is None
        True
    """
    new, before = key, None
    while new != before:
        before = new
        for old, now in MOVED.items():
            if new == old or new.startswith(f"{old}."):
                new = now + new[len(old) :]
                break
    parents = (new[:n] for n, letter in enumerate(f"{new}.") if letter == ".")
    found = new != key and any(parent in known and "." in parent for parent in parents)
    return new if found else None
