"""`neuronet game welfare`: what selfishness costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import MEASURE_OPTION, PAYOFF_HELP, game_command
from neuronet.cli.commands.game.parsing import parse_policies

if TYPE_CHECKING:
    from rich.console import RenderableType

    from neuronet.games import Welfare

POLICIES = "attention,greedy,sign-symmetric,free-rider"


@game_command("five epochs", **MEASURE_OPTION)
def welfare(
    game: GameCall,
    policies: Annotated[
        list[str] | None,
        typer.Option(help=escape(f"Policies of the profiles and of deviators, with commas in between [default: {POLICIES}]")),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Networks of each profile (>= 4), with seeds from --seed on")] = 8,
    payoff: Annotated[str, typer.Option(help=escape(PAYOFF_HELP.format("Payoff of the deviators")))] = "attention",
    deviators: Annotated[int, typer.Option(help="Neurons of a layer that may deviate, chosen at random (>= 1)")] = 4,
) -> None:
    """Price of anarchy and of stability: by the test loss, and by what the players themselves receive, their total attention.

    Profiles are populations of one policy, and of each two in equal shares. A profile is an equilibrium up to a tolerance for
    certain if with 95% no deviation tried gains more, and possibly if none is sure to. These are estimates, not proofs.
    """
    from neuronet.games import DeviationTest, candidate_profiles
    from neuronet.games import welfare as measure
    from neuronet.plotting.games import welfare_figure

    game.choose_payoff(payoff)
    game.refuse_run("welfare")
    game_setup, payoff = game.setup(epochs=5), game.payoff_name()
    named = parse_policies(policies or [POLICIES])
    deviation_test = DeviationTest(payoff=payoff, deviators=deviators)
    found = measure(game_setup, candidate_profiles(named), named, game.seeds(seeds), deviation_test)
    game.write(
        "welfare",
        tables={"profiles": found.profiles, "prices": found.prices},
        pictures={"welfare": welfare_figure(found)},
        shown=_results_table(found, payoff),
        headline=_headline(found),
        summary={
            "profiles": found.profiles.to_dict("records"),
            "prices": found.prices.to_dict("records"),
            "backprop": float(found.losses["backprop"].mean()),
        },
    )


def _results_table(found: Welfare, payoff: str) -> RenderableType:
    from rich.console import Group

    table = console.make_table(
        f"Price of anarchy; test loss of backpropagation: {found.losses['backprop'].mean():.4f}",
        "± spans 95% intervals. attention, scaled: totals of all hidden neurons. "
        f"Gain of a single deviator in % of the mean {payoff}: lower and upper bound.",
    )
    table.add_column("profile", overflow="fold")
    console.add_columns(
        table,
        "test loss",
        "accuracy",
        "attention",
        "scaled",
        "a deviator's gain",
        justify="right",
        no_wrap=True,
    )
    for row in found.profiles.itertuples(index=False):
        accuracy = "" if row.accuracy != row.accuracy else f"{100 * row.accuracy:.1f}%"
        measured = ((row.loss, row.loss_high), (row.welfare, row.welfare_high), (row.scaled_welfare, row.scaled_welfare_high))
        loss, good, scaled = (f"{mean:.4g} ± {high - mean:.2g}" for mean, high in measured)
        table.add_row(
            escape(row.profile), loss, accuracy, good, scaled, f"{100 * row.gain_lower_bound:.1f} to {100 * row.epsilon:.1f}"
        )
    prices = console.make_table(
        "Prices: by loss, an equilibrium's divided by another; by attention, the largest divided by an equilibrium's",
        "95% intervals over seeds that selected no profile. Certain: with 95% no deviation tried gains more than the "
        "tolerance. Possible: none is sure to. Estimates, not proofs.",
    )
    console.add_columns(prices, "price of", "by", "tolerance", "equilibria")
    console.add_columns(prices, "profile", "divided by", overflow="fold")
    prices.add_column("ratio", justify="right", no_wrap=True)
    for price in found.prices.itertuples(index=False):
        if price.evidence == "possible" and price.equilibria == _count(found, price.tolerance):
            continue  # nothing is undecided: the row before says the same
        names = (
            price.name,
            price.measure,
            f"{price.tolerance:.0%}",
            f"{price.equilibria} of {len(found.profiles)} {price.evidence}",
            price.numerator,
            price.denominator,
        )
        prices.add_row(*map(escape, names), f"{price.ratio:.3f} ({price.low:.3f} to {price.high:.3f})")
    return Group(table, prices)


def _count(found: Welfare, tolerance: float, conclusion: str = "certain") -> int:
    """Return the number of profiles of which this is concluded."""
    return sum(found.conclusion(name, tolerance) == conclusion for name in found.profiles["profile"])


def _headline(found: Welfare) -> str:
    """Return which profiles are best by loss, raw and scaled attention, and how many are equilibria up to the first tolerance."""
    from neuronet.games import TOLERANCES

    table = found.profiles
    best = table.loc[table["loss"].idxmin(), "profile"]
    most, most_scaled = (table.loc[table[name].idxmax(), "profile"] for name in ("welfare", "scaled_welfare"))
    tolerance = min(TOLERANCES)
    counts = {kind: _count(found, tolerance, kind) for kind in ("certain", "undecided", "refuted")}
    decided = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return (
        f"By the test loss {best} is best, by total raw attention {most}, by scaled attention {most_scaled}. "
        f"Equilibria up to {tolerance:.0%} of the mean payoff: {decided}."
    )
