"""`neuronet game certify`: is a given mix of policies an equilibrium, and is it stable?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import MEASURE_OPTION, PAYOFF_HELP, game_command
from neuronet.cli.commands.game.parsing import parse_policies
from neuronet.core import ConfigurationError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from neuronet.core import Policy
    from neuronet.games import Floats, SequentialConclusion

POLICIES = "attention,greedy,noisy,free-rider"
RESAMPLES = 200
"""Tables of payoffs that are drawn around the means, for the stability of the mix."""


@game_command("one epoch", **MEASURE_OPTION)
def certify(
    game: GameCall,
    mix: Annotated[str, typer.Option(help="Mix that all players use: a policy, or shares such as attention:0.5,greedy:0.5")] = (
        "attention"
    ),
    policies: Annotated[
        list[str] | None,
        typer.Option(help=escape(f"Policies that players choose among, those of the mix included [default: {POLICIES}]")),
    ] = None,
    payoff: Annotated[str, typer.Option(help=escape(PAYOFF_HELP.format("Payoff of the game")))] = "attention",
    tolerance: Annotated[float, typer.Option(help="Gain that does not count, in units of the mix's mean payoff (>= 0)")] = 0.05,
    until: Annotated[
        float,
        typer.Option(help="Play more seeds until a conclusion holds with this confidence (0 to 1), counting every look"),
    ] = 0.95,
    seeds: Annotated[int, typer.Option(help="Networks of the first look (>= 2), with seeds from --seed on; they double")] = 8,
    max_seeds: Annotated[int, typer.Option(help="Networks, at most (>= --seeds)")] = 128,
    num_players: Annotated[int, typer.Option(help="Players of the reduced game (>= 2), as for game meta")] = 2,
    layer: Annotated[int, typer.Option(help="Layer of the players (>= 1), 1 for the first hidden layer")] = 1,
) -> None:
    """Decide whether a mix of policies is an equilibrium, playing as many networks as that takes, and test its stability.

    A conclusion is certain (no policy gains more than the tolerance), refuted (one does), or undecided after --max-seeds. The mix
    is evolutionarily stable if a small group of mutants earns less than it; tables of payoffs drawn around the means say
    how often that holds.
    """
    from neuronet.games import certify_until, meta_game

    game.choose_payoff(payoff)
    game_setup, kind = game.setup(), game.payoff_name()
    starts = () if game.run is None else game.run.starts
    chosen = parse_policies(policies or [POLICIES])
    shares = parse_mix(mix, chosen)
    game.seeds(seeds, 2)
    found = certify_until(
        lambda numbers: meta_game(game_setup, chosen, numbers, players=num_players, layer=layer, starts=starts),
        shares,
        kind,
        tolerance=tolerance,
        confidence=until,
        first=seeds,
        most=max_seeds,
        seed=game.seed,
    )
    gains, stable = _gains(found), _stability(found, shares, kind, RESAMPLES, game.seed)
    game.write(
        "certify",
        tables={"gains": gains, "payoffs": found.measured.table()},
        pictures={},
        shown=_results_table(gains, mix, kind, found),
        headline=_headline(found, mix, tolerance, stable),
        summary={
            "mix": dict(zip(found.measured.names, shares.tolist(), strict=True)),
            "payoff": kind,
            "conclusion": found.conclusion,
            "confidence": until,
            "seeds": len(found.measured.seeds),
            "gains": gains.to_dict("records"),
            "stability": stable,
        },
    )


def parse_mix(text: str, policies: list[Policy]) -> Floats:
    """Return the share of each policy in a mix such as "attention:0.5,greedy:0.5".

    Raises:
        ConfigurationError: A policy of the mix is not among the policies.
        NeuroNetError: The text cannot be parsed.
    """
    import numpy as np

    from neuronet.core import Shares
    from neuronet.registry import parse_population, short_name

    population = parse_population(text)
    parts = population.parts if isinstance(population, Shares) else ((population, 1.0),)
    shares = np.zeros(len(policies))
    for policy, share in parts:
        if policy not in policies:
            names = ", ".join(map(short_name, policies))
            raise ConfigurationError(f"mix must consist of the policies of the game, {names}, got '{text}'")
        shares[policies.index(policy)] += share
    return np.asarray(shares / shares.sum())


def _gains(found: SequentialConclusion) -> pd.DataFrame:
    import pandas as pd

    last = found.looks[-1]
    columns = {"gain": last.gains, "lower": last.lower, "upper": last.upper}
    return pd.DataFrame({"policy": found.measured.names, **{name: values / found.unit for name, values in columns.items()}})


def _stability(found: SequentialConclusion, shares: Floats, kind: str, resamples: int, seed: int) -> dict[str, float]:
    """Return how often each conclusion about stability holds, of tables of payoffs drawn around the means."""
    from collections import Counter

    from neuronet.games import SymmetricGame, stability

    games = found.measured.resampled(kind, resamples, seed)
    conclusions = Counter(
        stability(SymmetricGame(games.names, games.players, payoffs), shares).conclusion for payoffs in games.payoffs
    )
    return {name: count / resamples for name, count in conclusions.most_common()}


def _results_table(gains: pd.DataFrame, mix: str, kind: str, found: SequentialConclusion) -> Table:
    counts = ", ".join(str(look.seeds) for look in found.looks)
    table = console.make_table(
        f"Gain of a neuron over {escape(mix)}, in % of the mix's mean {escape(kind)}",
        f"Looks at {counts} seeds. Bounds are simultaneous, and those of the last look.",
    )
    table.add_column("policy", overflow="fold")
    console.add_columns(table, "gain", "lower", "upper", justify="right", no_wrap=True)
    for row in gains.itertuples(index=False):
        table.add_row(escape(row.policy), *(f"{100 * value + 0.0:.3g}" for value in (row.gain, row.lower, row.upper)))
    return table


def _headline(found: SequentialConclusion, mix: str, tolerance: float, stable: dict[str, float]) -> str:
    limit, count = f"{100 * tolerance:g}%", len(found.measured.seeds)
    words = {
        "certain": f"is an equilibrium up to {limit} with {100 * found.confidence:g}% confidence",
        "refuted": f"is no equilibrium up to {limit}, with {100 * found.confidence:g}% confidence",
        "undecided": f"is undecided as an equilibrium up to {limit}",
    }
    needed = found.looks[-1].seeds_needed(found.tolerance)
    more = "" if found.conclusion != "undecided" else f" (about {needed or 'more than 100,000'} seeds would decide)"
    parts = ", ".join(f"{name} in {100 * share:.0f}%" for name, share in stable.items())
    return f"After {count} seeds {mix} {words[found.conclusion]}{more}; of the resampled games it is {parts}."
