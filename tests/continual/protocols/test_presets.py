"""Studies by presets."""

import pytest

from neuronet.continual.protocols.presets import PRESETS, Schedule
from neuronet.continual.protocols.registry import PROTOCOLS
from neuronet.continual.studies.api import continual_study
from neuronet.core.errors import NeuroNetError
from neuronet.core.learning.optimizers import Adam
from tests.continual.fixtures_environments import Glyphs


def study(preset, **options):
    policies = ["attention", 'backprop(optimizer="sgd")']
    return continual_study("split-domain(tasks=3)", Glyphs(), policies, preset=preset, seeds=2, batch_size=8, **options)


def test_preset_provides_settings():
    result = study("hsu-split")
    assert (result.experiment.schedule, result.experiment.hidden, result.experiment.optimizer) == (
        Schedule(0, 8, epochs=4),
        (400, 400),
        Adam(),
    )
    rates = result.table.set_index("policy")["learning_rate"].to_dict()
    assert rates == {"backprop": 0.001, "attention": 0.001, 'backprop(optimizer="sgd")': 0.1}


def test_options_override_the_preset():
    given = {"iterations": 5, "hidden": (8,), "optimizer": "sgd", "learning_rate": 0.2}
    result, plain = study("vandeven-permuted", **given), study("fast", **given)
    assert result.accuracy.equals(plain.accuracy)
    assert set(result.table["learning_rate"]) == {0.2}
    other = study("vandeven-permuted", iterations=5, hidden=(8,), optimizer="momentum(0.5)")
    assert other.table.set_index("policy").loc["attention", "learning_rate"] == 0.05  # the preset's rate is for Adam


def test_tuning_ignores_the_learning_rate_of_a_preset():
    result = study("hsu-split", iterations=2, hidden=(8,), tune=True, trials=2, tuning_seeds=1)
    assert set(result.tuning["learning_rate"]) != {0.001}
    with pytest.raises(NeuroNetError, match="learning_rate"):
        study("hsu-split", tune=True, learning_rate=0.001)


def test_published_presets_name_a_source_and_their_rate():
    published = {name: preset for name, preset in PRESETS.items() if preset.source}
    assert {name.split("-")[0] for name in published} == {"vandeven", "hsu"}
    assert all(preset.learning_rate and preset.optimizer == Adam() for preset in published.values())
    assert not published.keys() & PROTOCOLS.keys()
