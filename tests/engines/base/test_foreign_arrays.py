"""Arrays of other libraries are played whole, or refused in one sentence, on both engines."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neuronet.core.errors import DataError
from neuronet.engines.agents import NeuronModel
from neuronet.engines.tensors import TensorEngine
from neuronet.policies import AttentionSeeking
from tests.helpers.engine_fixtures import SAMPLES, game

INPUTS, TARGETS = SAMPLES.inputs[:6], SAMPLES.targets[:6]
ENGINES = {"agents": NeuronModel, "tensors": lambda setup: TensorEngine(setup, device="cpu")}
REFUSED = {
    "complex inputs": (INPUTS + 1j, TARGETS, "inputs must be real numbers, got complex128"),
    "complex tensor": (torch.as_tensor(INPUTS) + 1j, TARGETS, "inputs must be real numbers, got torch.complex128"),
    "masked inputs": (np.ma.array(INPUTS, mask=INPUTS > 0), TARGETS, "got float64 with masked values"),
    "masked targets": (INPUTS, np.ma.array(TARGETS, mask=[1, 0, 0, 0, 0, 0]), "with masked values"),
    "texts": (INPUTS.astype(str), TARGETS, "inputs must be real numbers"),
    "objects": (INPUTS.astype(object), TARGETS, "inputs must be real numbers, got object"),
    "ragged": ([[0.0], [1.0, 2.0]], TARGETS, "inputs must be an array of numbers"),
    "fractions": (INPUTS, TARGETS + 0.5, "targets must be integers, got float64"),
    "truth values": (INPUTS, TARGETS > 0, "targets must be integers, got bool"),
    "negative": (INPUTS, TARGETS - 5, "targets must be integers from 0"),
    "none": (INPUTS, None, "targets must be integers, got object"),
}
TAKEN = {
    "list": (INPUTS.tolist(), TARGETS.tolist()),
    "int8": (INPUTS, TARGETS.astype(np.int8)),
    "tensor with a gradient": (torch.tensor(INPUTS, requires_grad=True), torch.as_tensor(TARGETS)),
}


@pytest.fixture(params=ENGINES.values(), ids=ENGINES)
def engine(request):
    made = request.param(game(AttentionSeeking()))
    yield made
    made.close()


@pytest.mark.parametrize(("inputs", "targets", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_number_is_refused(engine, inputs, targets, message):
    before = engine.state().to_arrays()
    with pytest.raises(DataError, match=message):
        engine.play(inputs, targets)
    assert all(np.array_equal(array, before[name]) for name, array in engine.state().to_arrays().items())


@pytest.mark.parametrize(("inputs", "targets"), TAKEN.values(), ids=TAKEN)
def test_numbers_of_any_library_are_played(engine, inputs, targets):
    expected = NeuronModel(engine.setup)
    np.testing.assert_allclose(np.asarray(engine.play(inputs, targets)), expected.play(INPUTS, TARGETS), rtol=1e-12)
    expected.close()


def test_bfloat16_is_played_at_its_value(engine):
    rounded = torch.as_tensor(INPUTS).bfloat16()
    np.testing.assert_allclose(np.asarray(engine.outputs(rounded)), np.asarray(engine.outputs(rounded.double().numpy())))


def test_feedback_that_is_no_number_is_refused(engine):
    outputs = np.asarray(engine.speak(INPUTS))
    for feedback in (outputs * 1j, np.ma.array(outputs, mask=outputs > 0)):
        with pytest.raises(DataError, match="feedback must be real numbers"):
            engine.learn(feedback, np.zeros(6))
    engine.learn(outputs, np.zeros(6))
    assert engine.round_number == 1
