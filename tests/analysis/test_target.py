"""A program can be traced for a machine that is not here, and is kept apart."""

import jax
import jax.numpy as jnp
import pytest

import jlstm
from jlstm.analysis.target import Target, current
from tests.messages import message_of

LSTM = jlstm.LSTMCell(3)
XS = jax.ShapeDtypeStruct((50, 8, 2), jnp.float32)


@pytest.mark.parametrize(
    ("platform", "capability", "kind", "said"),
    [
        (
            "gpu", None, ValueError,
            "There is no platform 'gpu'; choose one of cpu, cuda, rocm, tpu.",
        ),
        (
            "cuda", 9.0, TypeError,
            'capability is 9.0; give it as text, such as capability="9.0".',
        ),
        (
            "cuda", "90", ValueError,
            "capability is '90'; give it as major.minor, such as capability=\"9.0\".",
        ),
        (
            "tpu", "9.0", ValueError,
            "capability='9.0' is given for 'tpu'; only NVIDIA GPUs have one: leave it "
            'out, or choose platform="cuda".',
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("unchecked")
def test_a_target_that_cannot_be_is_refused(platform, capability, kind, said):
    def named():
        return jlstm.target(platform, capability=capability)

    def explained():
        return jlstm.explain(LSTM, platform=platform, capability=capability)

    assert message_of(kind, named) == message_of(kind, explained) == said


@pytest.mark.parametrize(
    ("cell", "backend", "platform", "capability", "said"),
    [
        (LSTM, "pallas", "cuda", "9.0", "asked for"),
        (LSTM, "pallas", "cuda", "8.0", "(H100, H200), this GPU has 8.0"),
        (LSTM, "pallas", "cuda", None, 'name it, capability="9.0" for an H100'),
        (LSTM, "pallas", "rocm", None, "for NVIDIA GPUs, not for rocm"),
        (LSTM, "cudnn", "cuda", None, "asked for"),
        (LSTM, "cudnn", "tpu", None, "an NVIDIA GPU, and the program is for tpu"),
        (LSTM, "native", "cuda", "9.0", "for the CPU, not cuda"),
        (
            LSTM,
            "auto",
            "tpu",
            None,
            "not native, as the kernel is for the CPU, not tpu",
        ),
    ],
)
def test_a_backend_is_asked_about_the_target(cell, backend, platform, capability, said):
    where = {"platform": platform, "capability": capability}
    try:
        answer = str(jlstm.explain(cell, backend, XS, **where))
    except ValueError as error:
        answer = str(error)
    assert said in answer
    with jlstm.target(**where):
        try:
            inside = str(jlstm.explain(cell, backend, XS))
        except ValueError as error:
            inside = str(error)
    assert inside == answer


def test_the_device_that_is_here_is_the_target_else(monkeypatch):
    assert current() == Target(jax.default_backend())
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    for capability, wanted in (
        ("9.0", Target("cuda", "9.0")),
        ("gfx90a", Target("rocm")),
    ):
        device = type("Device", (), {"compute_capability": capability})
        monkeypatch.setattr(jax, "devices", lambda device=device: [device])
        assert current() == wanted


def test_a_jitted_function_is_traced_for_each_target():
    seen = []

    @jax.jit
    def run(x):
        seen.append(current().platform)
        return x

    one = jnp.ones(())
    here = current().platform
    run(one)
    with jlstm.target("tpu"):
        run.trace(one)
        with jlstm.target("cuda"):
            run.trace(one)
        run.trace(one)
    run(one)
    assert seen == [here, "tpu", "cuda"]


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_programs_are_those_of_that_machine(platform):
    """On an accelerator one product projects the input of all steps."""
    params = jax.eval_shape(lambda: LSTM.init(jax.random.key(0), 2))

    @jax.jit
    def run(params, xs):
        return jlstm.unroll(LSTM, params, xs, backend="fused")[1]

    def projects_at_once(aim):
        with jlstm.target(aim):
            lines = str(run.trace(params, XS).jaxpr).splitlines()
        return any("dot_general" in line and "f32[50,8" in line for line in lines)

    assert projects_at_once(platform) and not projects_at_once("cpu")
