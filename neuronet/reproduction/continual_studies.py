"""Registered comparisons of methods against forgetting, with their settings: what keeps earlier tasks?"""

from __future__ import annotations

from dataclasses import replace

from neuronet.registry import BASELINE
from neuronet.reproduction.continual import AT_ANY_MEMORY, BY_CONTEXT, COLUMNS, KEEPING, LENETS, ContinualSetting, find, tables
from neuronet.reproduction.study import Reproduction


def _study(scenario: str, title: str) -> Reproduction:
    """Return the study of a protocol: small takes minutes, medium an hour of a core, full days."""
    return Reproduction(
        title,
        "the first edition of docs/continual-study.md, and methods of the literature",
        "reproduction-accuracy",
        {
            "small": (ContinualSetting("mnist5k", scenario, "mnist5k", (100, 100), 64, 40, 5),),
            "medium": (
                ContinualSetting(
                    "mnist5k",
                    scenario,
                    "mnist5k",
                    (100, 100),
                    64,
                    40,
                    20,
                    200,
                    trials=16,
                    extensions=2,
                    tuning_seeds=2,
                    finalists=4,
                ),
            ),
            "full": (
                ContinualSetting(
                    "fashion-mnist",
                    scenario,
                    "fashion-mnist",
                    (400, 400),
                    128,
                    300,
                    30,
                    200,
                    3_750_000,
                    trials=30,
                    extensions=4,
                    tuning_seeds=2,
                    finalists=4,
                ),
            ),
        },
        find,
        tables,
        COLUMNS,
    )


CONTINUAL_DOMAIN = _study("split-domain", "Five tasks of two classes, which of the two? Which methods keep the earlier tasks?")
CONTINUAL_CLASS = _study(
    "split-class", "Five tasks of two classes, which of all classes so far? Which methods keep the earlier tasks?"
)
CONTINUAL_PERMUTED = _study("permuted", "Ten permutations of the inputs: which methods keep the earlier ones?")


def _at_memory(scenario: str, megabytes: float, search: tuple[int, int, int], seeds: int) -> ContinualSetting:
    """Return the comparison of the methods that can keep any number of bytes, each tuned at this number.

    Args:
        scenario: Spec of the protocol.
        megabytes: The memory.
        search: Trials, extensions and finalists of the search.
        seeds: Number of seeds.
    """
    setting = ContinualSetting(f"{scenario}, {megabytes:g} MB", scenario, "mnist5k", (100, 100), 64, 40, seeds)
    trials, extensions, finalists = search
    searched = replace(setting, trials=trials, extensions=extensions, finalists=finalists)
    return replace(searched, memory=round(1e6 * megabytes), only=("backprop", *AT_ANY_MEMORY))


SPLITS = ("split-domain", "split-class")


def _by_memory(scenarios: tuple[str, ...], search: tuple[int, int, int], seeds: int) -> tuple[ContinualSetting, ...]:
    return tuple(_at_memory(scenario, memory, search, seeds) for scenario in scenarios for memory in (0.5, 1.0, 2.0, 4.0))


CONTINUAL_MEMORY = replace(
    CONTINUAL_DOMAIN,
    title="Methods that can keep any number of bytes: what is kept of the earlier tasks, by memory?",
    settings={
        "small": tuple(_at_memory("split-domain", megabytes, (4, 0, 0), 3) for megabytes in (0.5, 2.0)),
        "medium": _by_memory(SPLITS, (16, 1, 4), 10),
        "full": _by_memory((*SPLITS, "permuted"), (16, 2, 4), 20),
    },
)


def _stream(seeds: int, trials: int, tuning_seeds: int, finalists: int) -> tuple[ContinualSetting, ...]:
    """Return the comparison of the fifty tasks."""
    setting = ContinualSetting("mnist5k", "permuted(tasks=50)", "mnist5k", (100, 100), 64, 40, seeds, trials=trials)
    methods = (BASELINE, "ewc", "si", "owm", "gpm", "er", "ridge", KEEPING, BY_CONTEXT)
    return (replace(setting, extensions=1, tuning_seeds=tuning_seeds, finalists=finalists, contexts=64, only=methods),)


CONTINUAL_STREAM = replace(
    CONTINUAL_PERMUTED,
    title="Fifty permutations of the inputs: which methods keep the earlier ones of a long stream?",
    settings={"small": _stream(3, 4, 1, 0), "medium": _stream(5, 8, 1, 0), "full": _stream(20, 16, 2, 4)},
)


def _short(name: str, protocol: str, environment: str, seeds: int, trials: int, only: tuple[str, ...]) -> ContinualSetting:
    """Return a comparison of some methods: a first look, with one tuning seed."""
    return ContinualSetting(name, protocol, environment, (100, 100), 64, 40, seeds, trials=trials, only=only)


LENET_METHODS = (BASELINE, KEEPING, BY_CONTEXT, *LENETS)

CONTINUAL_LENET = replace(
    CONTINUAL_DOMAIN,
    title="Convolutional networks whose neurons follow policies: does a rule of credit keep more of the earlier tasks?",
    settings={
        "small": (_short("split-domain", "split-domain", "mnist5k", 3, 2, LENET_METHODS),),
        "medium": tuple(_short(name, name, "mnist5k", 5, 10, LENET_METHODS) for name in SPLITS),
        "full": tuple(_short(name, name, "fashion-mnist", 20, 32, LENET_METHODS) for name in SPLITS),
    },
)

OTHER_METHODS = (BASELINE, "ewc", "owm", "gpm", "er", "ridge", KEEPING, BY_CONTEXT)


def _others(seeds: int, trials: int) -> tuple[ContinualSetting, ...]:
    protocols = {
        "rotated": ("rotated", "mnist5k"),
        "gradual": ("gradual(blend=1.0)", "mnist5k"),
        "letter": ("split-domain(tasks=13)", "letter"),
    }
    return tuple(_short(name, *protocol, seeds, trials, OTHER_METHODS) for name, protocol in protocols.items())


CONTINUAL_OTHERS = replace(
    CONTINUAL_DOMAIN,
    title="Rotations, a stream that drifts all the time, and pairs of letters: which methods keep the earlier tasks?",
    settings={"small": _others(3, 2), "medium": _others(5, 10), "full": _others(20, 32)},
)
