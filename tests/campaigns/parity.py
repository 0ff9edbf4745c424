"""Play random games on both engines until one differs: `python -m tests.campaigns.parity --games 10000`.

Each game has random layers, policies, wiring, optimizer, payoff, channels, update schedule, interventions, replicas, precision
and kernels. It is played by agents, by `play` and by `play_rounds` of tensors, with the memory of new tensors full of NaN.
Prints how many games had each option, and the first violation in the smallest form that hypothesis finds. Exits with 1 then.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

import torch
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import UnsatisfiedAssumption

from tests.campaigns.game_check import Violation, check
from tests.campaigns.random_games import random_games

CHUNK = 250
"""Games between two looks at the clock."""


class Campaign:
    """Counts of a search, and the last game that failed: hypothesis ends with the smallest."""

    def __init__(self, stop=float("inf")):
        self.stop = stop
        self.options = Counter()
        self.games = self.rejected = 0
        self.failed = None

    def try_game(self, game):
        if self.failed is None and time.monotonic() > self.stop:
            return
        try:
            check(game)
        except UnsatisfiedAssumption:
            self.rejected += self.failed is None
            raise
        except Exception as error:  # a game that ends in an error is a violation, too
            self.failed = game, error
            raise
        if self.failed is None:
            self.games += 1
            self.options.update(game.options())

    def play(self, games, number):
        """Play some games; return whether none differed."""
        phases = (Phase.generate, Phase.shrink)

        @seed(number)
        @settings(
            max_examples=games,
            deadline=None,
            database=None,
            phases=phases,
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(random_games())
        def search(game):
            self.try_game(game)

        try:
            search()
        except Exception:
            if self.failed is None:
                raise
            return False
        return True

    def report(self):
        print(f"{self.games} games agreed; {self.rejected} grew beyond bounds and were not compared")
        for option, count in sorted(self.options.items()):
            print(f"{count:7d}  {option}")
        if self.failed is not None:
            game, error = self.failed
            print(
                f"\nViolation, in its smallest form: {'' if isinstance(error, Violation) else type(error).__name__ + ': '}{error}"
            )
            print(f"{game.rounds} rounds of {game.batch_size} samples, order {game.order.tolist()}")
            print("interventions:", [(number, str(change)) for number, change in game.interventions])
            print("kernels:", game.kernels)
            print(f"inputs {game.samples.inputs.tolist()}\ntargets {game.samples.targets.tolist()}")
            for setup in game.setups:
                print(setup)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--games", type=int, default=10_000, help="number of games [default: 10000]")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after so many minutes [default: no limit]")
    parser.add_argument("--seed", type=int, default=0, help="seed of the first games; another one gives others [default: 0]")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    campaign, number = Campaign(stop=time.monotonic() + 60 * options.minutes), options.seed
    while campaign.games < options.games and time.monotonic() < campaign.stop:
        if not campaign.play(min(CHUNK, options.games - campaign.games), number):
            break
        number += 1
        print(f"{campaign.games} of {options.games} games agree", flush=True)
    campaign.report()
    return 1 if campaign.failed is not None else 0


if __name__ == "__main__":
    sys.exit(main())
