"""`neuronet game regret`: what would a neuron rather have played?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import MEASURE_OPTION, PAYOFF_HELP, game_command
from neuronet.cli.commands.game.parsing import parse_policies

if TYPE_CHECKING:
    from rich.table import Table

    from neuronet.games import HindsightRegret

POLICIES = "best-response,greedy,sign-symmetric,random-feedback,contrarian,copycat,free-rider,hebbian"


@game_command("five epochs", **MEASURE_OPTION)
def regret(
    game: GameCall,
    policy: Annotated[str, typer.Option(help="Policy of all neurons, or shares such as attention:0.5,greedy:0.5")] = "attention",
    policies: Annotated[
        list[str] | None, typer.Option(help=escape(f"Policies of the set, with commas in between [default: {POLICIES}]"))
    ] = None,
    payoff: Annotated[str, typer.Option(help=escape(PAYOFF_HELP.format("Payoff of the neurons")))] = "attention",
    every: Annotated[int | None, typer.Option(help=escape("Rounds of a stretch (>= 1) [default: one epoch]"))] = None,
    networks: Annotated[int, typer.Option(help="Number of networks (>= 2), with seeds from --seed on")] = 8,
    deviators: Annotated[int, typer.Option(help="Neurons of a layer that are replayed, one at a time (>= 1)")] = 4,
) -> None:
    """Measure the regret of each policy: what the best policy of a set would have earned a lone neuron more, in hindsight.

    Training is cut into stretches. Each is replayed from the same state with the same batches, once for every policy that one
    neuron might have followed. The best is the single policy with the largest sum over all stretches.
    """
    from neuronet.games import hindsight_regret
    from neuronet.plotting.games import regret_figure

    game.choose_payoff(payoff)
    game.refuse_run("regret")
    game_setup, kind = game.setup(epochs=5), game.payoff_name()
    chosen = parse_policies(policies or [POLICIES])
    found = hindsight_regret(
        game_setup,
        policy,
        chosen,
        game.seeds(networks, 2),
        every=game_setup.per_epoch if every is None else every,
        deviators=deviators,
        log=console.print_err,
    )
    table = found.table()
    game.write(
        "regret",
        tables={"regret": table, "best": found.best(kind).rename_axis("policy").reset_index()},
        pictures={"regret": regret_figure(table, kind, policy)},
        shown=_results_table(found, policy, kind),
        headline=_headline(found, policy, kind),
        summary={"policy": policy, "payoff": kind, "regret": table[table["round"] == found.rounds[-1]].to_dict("records")},
    )


def _results_table(found: HindsightRegret, policy: str, kind: str) -> Table:
    rounds = console.counted(found.rounds[-1], "round")
    table = console.make_table(
        f"Regret among {escape(policy)} after {rounds}, in % of the mean payoff",
        f"± spans 95% intervals over {console.counted(len(found.seeds), 'network')}. best: neurons for which the policy was the "
        f"best of the set in hindsight, by {escape(kind)}.",
    )
    table.add_column("policy", overflow="fold")
    kinds = list(dict.fromkeys((kind, "attention", "scaled")))
    console.add_columns(table, *kinds, "best", justify="right", no_wrap=True)
    last = found.table().query("round == @found.rounds[-1]").set_index(["payoff", "policy"])
    best = found.best(kind)
    for name in found.names:
        cells = [last.loc[payoff, name] for payoff in kinds]
        shown = (f"{100 * cell['regret']:.3g} ± {100 * (cell['high'] - cell['regret']):.2g}" for cell in cells)
        table.add_row(escape(name), *shown, f"{best[name]} of {best.sum()}")
    return table


def _headline(found: HindsightRegret, policy: str, kind: str) -> str:
    last = {payoff: found.regret(payoff)[:, :, -1].mean(axis=(0, 1)) for payoff in dict.fromkeys((kind, "scaled"))}
    least, best = found.names[int(last[kind].argmin())], found.best(kind).idxmax()
    other = "" if kind == "scaled" else f" ({100 * last['scaled'][0]:.3g}% by scaled attention)"
    end = "is" if least == best else f"{least} is"
    return (
        f"{policy} neurons regret {100 * last[kind][0]:.3g}% of the mean {kind} per stretch{other}; {best} was most often the "
        f"best policy in hindsight, and {end} regretted least."
    )
