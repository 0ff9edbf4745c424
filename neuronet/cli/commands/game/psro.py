"""`neuronet game psro`: a game between parametrised policies that grows by best responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import MEASURE_OPTION, PAYOFF_HELP, game_command

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType


@game_command("one epoch", **MEASURE_OPTION)
def psro(
    game: GameCall,
    payoff: Annotated[str, typer.Option(help=escape(PAYOFF_HELP.format("Payoff of the game")))] = "attention",
    layer: Annotated[int, typer.Option(help="Layer of the players (>= 1), 1 for the first hidden layer")] = 1,
    seeds: Annotated[int, typer.Option(help="Networks on which payoffs are measured (>= 1), with seeds from --seed on")] = 8,
    candidates: Annotated[int, typer.Option(help="Policies tried for each best response (>= 1)")] = 12,
    tolerance: Annotated[float, typer.Option(help="Gain that does not count, in units of the mean payoff (>= 0)")] = 0.01,
    steps: Annotated[int, typer.Option(help="Steps, at most (>= 1)")] = 8,
) -> None:
    """Let a game between attention-seeking policies of any feedback scale, exponent p and foresight grow by best responses.

    From attention-seeking on, the best of several random policies against the equilibrium so far joins the game (policy-space
    response oracles), until none gains more than the tolerance. A neuron plays against all others of its layer, from a
    fresh network.
    """
    import pandas as pd

    from neuronet.games import SPACE, PolicySearch, grow_policy_game

    game.choose_payoff(payoff)
    game.refuse_run("psro")
    game_setup = game.setup()
    search = PolicySearch(game.payoff_name(), layer, tuple(game.seeds(seeds)), candidates, seed=game.seed)
    found = grow_policy_game(game_setup, search, tolerance=tolerance, steps=steps)
    history = found.history.assign(gain=found.history["exploitability"] / 2).drop(columns=["columns", "exploitability"])
    policies = pd.DataFrame(found.strategies[0], columns=list(SPACE)).assign(share=found.mixes[0])
    game.write(
        "psro",
        tables={"history": history, "policies": policies, "payoffs": pd.DataFrame(found.game.payoffs[0])},
        pictures={},
        shown=_tables(history, policies, search.payoff),
        headline=_headline(history, policies, converged=found.converged),
        summary={
            "payoff": search.payoff,
            "rounds": game_setup.rounds,
            "converged": found.converged,
            "policies": policies.to_dict("records"),
            "history": history.to_dict("records"),
        },
    )


def _headline(history: pd.DataFrame, policies: pd.DataFrame, *, converged: bool) -> str:
    mixed = policies[policies["share"] > 1e-3].sort_values("share", ascending=False)
    parts = [
        f"{100 * row.share:.0f}% (feedback scale {row.feedback_scale:.3g}, p {row.p:.3g}, foresight {row.foresight:.2g})"
        for row in mixed.itertuples()
    ]
    ends = "no policy tried gains more" if converged else "policies that gain more were still found"
    return (
        f"After {len(history)} steps, neurons play {', '.join(parts)}; the best response gains "
        f"{100 * history['gain'].iloc[-1]:.2g}% of the mean payoff of attention-seeking: {ends}."
    )


def _tables(history: pd.DataFrame, policies: pd.DataFrame, payoff: str) -> RenderableType:
    from rich.console import Group

    table = console.make_table(
        f"Game grown by best responses, by the payoff '{payoff}'",
        "gain: of the best response found against the equilibrium so far, in % of the mean payoff of attention-seeking, on the "
        "seeds that selected it, which is therefore rather too high. measured: pairs of policies that were played.",
    )
    console.add_columns(table, "step", "policies", "gain (%)", "measured", justify="right")
    for row in history.itertuples(index=False):
        table.add_row(str(row.step), str(row.rows), f"{100 * row.gain:.2g}", str(row.measured))
    last = console.make_table("Policies of the game, and their shares in its equilibrium")
    console.add_columns(last, *policies.columns, justify="right")
    for row in policies.itertuples(index=False):
        last.add_row(*(f"{value:.3g}" for value in row))
    return Group(table, last)
