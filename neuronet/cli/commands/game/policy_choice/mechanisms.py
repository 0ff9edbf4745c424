"""`neuronet game mechanisms`: under which rules and payoffs is it unprofitable to be loud, or to whisper?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import MEASURE_OPTION, game_command
from neuronet.cli.commands.game.parsing import parse_policies

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from neuronet.games import MechanismComparison

POLICIES = "best-response,greedy,sign-symmetric,contrarian,copycat,free-rider,hebbian"


@game_command("one epoch", **MEASURE_OPTION)
def mechanisms(
    game: GameCall,
    mechanisms: Annotated[
        list[str] | None,
        typer.Option(
            help=escape(
                "Mechanisms, with commas in between: payoffs, policies that wrap others as rules, and channels, joined by plus "
                'signs, such as "budgeted(budget=0.3) + credit" [default: 16 of them]'
            )
        ),
    ] = None,
    policy: Annotated[str, typer.Option(help="Policy of all neurons but the deviator")] = "attention",
    policies: Annotated[
        list[str] | None,
        typer.Option(help=escape(f"Policies of deviators, besides other activity and feedback [default: {POLICIES}]")),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Networks (>= 2), with seeds from --seed on")] = 20,
    deviators: Annotated[int, typer.Option(help="Neurons of a layer that deviate, one at a time (>= 1)")] = 4,
    training_epochs: Annotated[int, typer.Option(help="Epochs after which accuracy is measured (>= 1)")] = 10,
    tolerance: Annotated[float, typer.Option(help="Gain that does not count, in units of the mean payoff (>= 0)")] = 0.02,
) -> None:
    """Compare mechanisms: what lone deviators gain from fresh networks, how well networks learn, and what neurons receive.

    Deviators say more or less than their activity, learn faster or slower, or follow another policy. A rule binds them, too.
    A mechanism is honest if with 95% no deviation tried gains more than the tolerance, at no loss of accuracy.
    """
    from neuronet.core import check_number
    from neuronet.games import MECHANISMS, compare_mechanisms
    from neuronet.plotting.games import mechanisms_figure
    from neuronet.registry import parse_policy, split_list

    check_number("training_epochs", training_epochs, 1, whole=True)
    game.refuse_run("mechanisms")
    game_setup = game.setup()
    named = [name for text in mechanisms or [] for name in split_list(text)] or list(MECHANISMS)
    found = compare_mechanisms(
        game_setup,
        named,
        parse_policies(policies or [POLICIES]),
        game.seeds(seeds, 2),
        own=parse_policy(policy),
        deviators=deviators,
        training_rounds=training_epochs * game_setup.per_epoch,
        tolerance=tolerance,
        log=console.print_err,
    )
    game.write(
        "mechanisms",
        tables={"mechanisms": found.table, "gains": found.gains},
        pictures={"mechanisms": mechanisms_figure(found, game.environment)},
        shown=results_tables(found),
        headline=_headline(found),
        summary={"mechanisms": found.table.to_dict("records"), "honest": found.honest(), "seeds": found.seeds},
    )


def results_tables(found: MechanismComparison) -> Group:
    """Return what deviators gain under each mechanism, and what networks and neurons have of it."""
    from rich.console import Group

    return Group(_gains_table(found), _networks_table(found))


def _gains_table(found: MechanismComparison) -> Table:
    table = console.make_table(
        f"Mechanisms: {console.counted(found.seeds, 'fresh network')}, deviations of {console.counted(found.rounds, 'round')}",
        "gain: of the best deviation tried, in % of the mean payoff, with bounds that hold for all mechanisms and deviations "
        f"together (95%). honest: none gains more than {100 * found.tolerance:g}%. shirks: gain of a free rider.",
    )
    table.add_column("mechanism", overflow="fold")
    table.add_column("best deviation", overflow="fold")
    console.add_columns(table, "gain (%)", "honest", "shirks", justify="right")
    words = {"certain": "yes", "refuted": "no", "undecided": "undecided"}
    for row in found.table.itertuples(index=False):
        gain = f"{100 * row.gain:.3g} ({100 * row.lower:.3g} to {100 * row.upper:.3g})"
        cells = (escape(row.mechanism), escape(row.deviation), gain, words[row.conclusion], f"{100 * row.shirking:.3g}")
        table.add_row(*cells)
    return table


def _networks_table(found: MechanismComparison) -> Table:
    table = console.make_table(
        f"Networks in which no neuron deviates, after {console.counted(found.training_rounds, 'round')}",
        "change: of the accuracy against the first mechanism, ± 95%. attention, scaled: totals of the hidden neurons, raw and "
        "scaled by activity.",
    )
    table.add_column("mechanism", overflow="fold")
    console.add_columns(table, "accuracy (%)", "change", "attention", "scaled", justify="right", no_wrap=True)
    for row in found.table.itertuples(index=False):
        change = "" if row.change != row.change else f"{100 * row.change:+.1f} ± {100 * (row.change_high - row.change):.1f}"
        cells = (f"{100 * row.accuracy:.1f}", change, f"{row.attention:.3g}", f"{row.scaled:.3g}")
        table.add_row(escape(row.mechanism), *cells)
    return table


def _headline(found: MechanismComparison) -> str:
    honest, limit = found.honest(), f"{100 * found.tolerance:g}%"
    first = found.table.iloc[0]
    start = f"Under {first['mechanism']}, {first['deviation']} gains {100 * first['gain']:.3g}% from a fresh network"
    if not honest:
        return (
            f"{start}; under no mechanism tried is it certain that no deviation gains more than {limit}, at no loss of accuracy."
        )
    return f"{start}; no deviation tried gains more than {limit}, at no loss of accuracy, under {', '.join(honest)}."
