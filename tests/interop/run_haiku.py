"""What Haiku computes for the cases of ``test_haiku.py``, from waves."""

from tests.interop.peers import (
    HIDDEN_SIZE,
    INPUT_SIZE,
    run_steps,
    waves,
)

CASES = ("lstm", "gru", "vanilla_rnn", "vanilla_rnn_single")
FEATURES = (INPUT_SIZE, INPUT_SIZE, 2 * HIDDEN_SIZE)


def weights(case):
    """Return the parameters of three cores: two that read the input, one above."""
    h = HIDDEN_SIZE
    trees = []
    for n, x in enumerate(FEATURES):
        w, state, b = waves([(x, h), (h, h), (h,)], 1.0 + n)
        linear, linear_1 = {"w": w, "b": b}, {"w": state, "b": b[::-1]}
        if case == "lstm":
            w, b = waves([(x + h, 4 * h), (4 * h,)], 1.0 + n)
            tree = {"lstm/linear": {"w": w, "b": b}}
        elif case == "gru":
            w_i, w_h, b = waves([(x, 3 * h), (h, 3 * h), (3 * h,)], 1.0 + n)
            tree = {"gru": {"w_i": w_i, "w_h": w_h, "b": b}}
        else:
            if case.endswith("single"):
                del linear_1["b"]
            tree = {"vanilla_rnn/linear": linear, "vanilla_rnn/linear_1": linear_1}
        trees.append(tree)
    return trees


def run(case, trees, how=run_steps):
    """Return outputs and last states of the network of three cores."""
    import haiku as hk

    def core(x, state):
        if case == "lstm":
            return hk.LSTM(HIDDEN_SIZE)(x, hk.LSTMState(*state))
        if case == "gru":
            return hk.GRU(HIDDEN_SIZE)(x, state[0])
        double = not case.endswith("single")
        return hk.VanillaRNN(HIDDEN_SIZE, double_bias=double)(x, state[0])

    apply = hk.without_apply_rng(hk.transform(core)).apply

    def step(tree, carry, x):
        y, state = apply(tree, x, carry)
        return (tuple(state) if case == "lstm" else (state,)), y

    return how(step, trees, 2 if case == "lstm" else 1)


def golden_cases():
    """Return what is written down."""
    return {case: run(case, weights(case)) for case in CASES}
