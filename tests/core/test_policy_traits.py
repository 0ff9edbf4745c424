"""Traits are told from what a policy needs, keeps and answers; that they are true is checked by neuronet.testing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from neuronet.core.policy import LinearPolicy
from neuronet.core.policy_traits import Traits, trait_rows, traits_of
from neuronet.policies import POLICIES, AttentionSeeking, Budgeted, Greedy, IncomeProtecting, NodePerturbation, Noisy, Reinforce
from tests.helpers import toys

LOCAL_LINEAR = Traits(global_signals=frozenset(), linear=True, stochastic=False, explores=False, memory_axes={})


@pytest.mark.parametrize(
    ("policy", "traits", "words"),
    [
        (Greedy(), LOCAL_LINEAR, "local, linear"),
        (AttentionSeeking(foresight=1), LOCAL_LINEAR, "local, linear"),
        (Noisy(), Traits(frozenset(), False, True, False, {}), "local, stochastic"),
        (Noisy(sigma=0.0), Traits(frozenset(), False, False, False, {}), "local"),
        (
            NodePerturbation(),
            Traits(frozenset({"reward"}), False, True, True, {"baseline": "J"}),
            "hears the reward, stochastic, explores, keeps baseline",
        ),
        (Reinforce(), Traits(frozenset(), False, True, True, {"baseline": "J"}), "local, stochastic, explores, keeps baseline"),
        (
            IncomeProtecting(Greedy()),
            Traits(frozenset(), True, False, False, {"importance": "JS"}),
            "local, linear, keeps importance",
        ),
        (
            IncomeProtecting(NodePerturbation()),
            Traits(frozenset({"reward"}), False, True, True, {"importance": "JS", "policy.baseline": "J"}),
            "hears the reward, stochastic, explores, keeps importance, policy.baseline",
        ),
        (
            toys.Direct(),
            Traits(frozenset({"broadcast"}), False, False, False, {"direct": "JO"}),
            "hears the broadcast, keeps direct",
        ),
        (Budgeted(), LOCAL_LINEAR, "local, linear"),
        (Budgeted(relative=True), Traits(frozenset({"layer"}), True, False, False, {}), "hears the layer, linear"),
        (toys.Oja(), LOCAL_LINEAR, "local, linear"),
    ],
    ids=repr,
)
def test_traits(policy, traits, words):
    assert traits_of(policy) == traits
    assert traits_of(policy).summary == words
    assert traits_of(policy).local == (not traits.global_signals)


def test_every_policy_has_a_row_of_its_name_meaning_and_traits():
    rows = trait_rows(POLICIES)
    assert [name for name, _, _ in rows] == sorted(POLICIES)
    assert all(meaning.endswith((".", ":")) and "\n" not in meaning for _, meaning, _ in rows)
    assert all(words.startswith(("local", "hears the ")) for _, _, words in rows)


def test_a_policy_without_a_default_has_a_row_without_traits():
    @dataclass(frozen=True)
    class Demanding(LinearPolicy):
        """Wants to be told how."""

        share: float

        def feedback_weights(self, obs, memory):
            return self.share * obs.attention

    assert trait_rows({"demanding": Demanding}) == [("demanding", "Wants to be told how.", "")]
