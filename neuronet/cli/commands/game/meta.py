"""`neuronet game meta`: the game in which players choose policies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from neuronet.cli import console
from neuronet.cli.commands.game.call import GameCall
from neuronet.cli.commands.game.options import GAME_OPTIONS, MEASURE_OPTION, PAYOFF_HELP, game_command
from neuronet.cli.commands.game.parsing import parse_policies
from neuronet.cli.console import counted
from neuronet.core import ConfigurationError
from neuronet.training import TRAINING, OptionInfo

if TYPE_CHECKING:
    import pandas as pd

    from neuronet.core import Policy
    from neuronet.games import Analysis, GameSetup, MetaGame, SequentialConclusion

POLICIES = "attention,greedy,noisy,free-rider"

META_OPTIONS = {
    "hidden": replace(GAME_OPTIONS["hidden"], default="31, or 16,16 for layers"),
    **MEASURE_OPTION,
    "until": OptionInfo(
        float,
        TRAINING,
        "Double the seeds until it is decided with this confidence (0 to 1) of each policy whether all neurons following it is "
        "an equilibrium",
        "--seeds once",
    ),
    "tolerance": OptionInfo(
        float, TRAINING, "With --until: gain that does not count, in units of the policy's mean payoff (>= 0)", "0.05"
    ),
    "max_seeds": OptionInfo(int, TRAINING, "With --until: seeds, at most (>= --seeds)", "160"),
}

Payoff = Annotated[str, typer.Option(help=escape(PAYOFF_HELP.format("Payoff of the game")))]


@game_command("one epoch", **META_OPTIONS)
def meta(
    game: GameCall,
    policies: Annotated[
        list[str] | None,
        typer.Option(help=escape(f"Policies that players choose among, with commas in between [default: {POLICIES}]")),
    ] = None,
    players_are: Annotated[str, typer.Option(help="Players: neurons of a layer, or two layers")] = "neurons",
    payoff: Payoff = "attention",
    num_players: Annotated[
        int, typer.Option(help="Players of the reduced game: one neuron, and groups of the others (>= 2)")
    ] = 4,
    layer: Annotated[int, typer.Option(help="Layer of the players (>= 1), 1 for the first hidden layer")] = 1,
    seeds: Annotated[int, typer.Option(help="Games of each profile (>= 2), with seeds from --seed on")] = 20,
    alpha: Annotated[float, typer.Option(help="Intensity of selection, per spread of the mean payoffs (> 0)")] = 10.0,
    population: Annotated[
        int | None, typer.Option(help=escape("Size of the imitating population [default: the layer's]"))
    ] = None,
    resamples: Annotated[int, typer.Option(help="Draws of the payoff table around its means, for intervals (>= 2)")] = 200,
) -> None:
    """Measure what policies earn against each other, and find equilibria, alpha-rank, and where replicator dynamics leads.

    Games are played for many counts of neurons with each policy; the payoff table is that of a game whose players choose
    policies. Intervals cover what the seeds leave open, by Student's t.
    """
    if players_are not in ("neurons", "layers"):
        raise ConfigurationError(f"players_are must be neurons or layers, got '{players_are}'")
    played = game.seeds(seeds, 2)
    until: float | None = game.options.get("until")
    tolerance, most = game.options.get("tolerance", 0.05), game.options.get("max_seeds", 160)
    game.choose_payoff(payoff)
    if game.run is None:
        game.options.setdefault("hidden", (31,) if players_are == "neurons" else (16, 16))
    elif players_are == "layers":
        game.refuse_run("meta --players-are layers")
    if until is not None and players_are == "layers":
        raise ConfigurationError("until decides about policies of neurons, not about two layers: leave --until out")
    game_setup, payoff = game.setup(), game.payoff_name()
    starts = () if game.run is None else game.run.starts
    chosen = parse_policies(policies or [POLICIES])
    settings = {"alpha": alpha, "size": population, "resamples": resamples, "seed": game.seed}
    about = {"players_are": players_are, "payoff": payoff, "rounds": game_setup.rounds}
    if players_are == "layers":
        parts = _play_layers(game_setup, chosen, played, payoff, settings)
    else:

        def measure(numbers: Sequence[int]) -> MetaGame:
            from neuronet.games import meta_game

            return meta_game(game_setup, chosen, numbers, players=num_players, layer=layer, starts=starts)

        decided = None if until is None else _decide(measure, payoff, played, until, tolerance, most)
        measured = measure(played) if decided is None else decided[0].measured
        rounds = counted(game_setup.rounds, "round")
        console.print_err(
            f"played {counted(measured.loss.size, 'game')} of {rounds}, {counted(measured.neurons, 'neuron')} in layer {layer}"
        )
        parts = _neurons_parts(measured, payoff, settings, layer, decided, tolerance)
    described = {**about, **{name: parts["summary"][name] for name in ("seeds", "policies", "neurons")}}
    files = {**parts["files"], "game.json": dumps({**described, "players": parts["summary"].get("players", 2)}, indent=2) + "\n"}
    game.write("meta", **{**parts, "files": files, "summary": {**about, **parts["summary"]}})


def _decide(
    measure: Callable[[Sequence[int]], MetaGame], payoff: str, first: range, until: float, tolerance: float, most: int
) -> tuple[SequentialConclusion, ...]:
    from neuronet.games import pure_equilibria_until

    return pure_equilibria_until(
        measure, payoff, tolerance=tolerance, confidence=until, first=len(first), most=most, seed=first.start
    )


def _neurons_parts(
    measured: MetaGame,
    payoff: str,
    settings: dict[str, Any],
    layer: int,
    decided: tuple[SequentialConclusion, ...] | None,
    tolerance: float,
) -> dict[str, Any]:
    from rich.console import Group

    from neuronet.cli.tables.meta_game import headline, meta_game_tables, shown_kinds
    from neuronet.cli.tables.sequential import conclusions_table, sequential_headline, sequential_table
    from neuronet.games import MAX_PROFILES, analyse, fixation_graphml, nfg_of_symmetric, ranks_by_payoff
    from neuronet.plotting.games import phase_figure

    found = analyse(measured, payoff, **settings)
    ranks = ranks_by_payoff(measured, found, settings["resamples"], settings["seed"])
    game = measured.game(payoff)
    files = {"fixation.graphml": fixation_graphml(found)}
    if len(game.names) ** game.players <= MAX_PROFILES:
        files["game.nfg"] = nfg_of_symmetric(game, f"neurons of layer {layer}, payoff {payoff}")
    resampled = measured.resampled(payoff, settings["resamples"], settings["seed"])
    parts: dict[str, Any] = {
        "tables": {
            "payoffs": measured.table(),
            "means": measured.means(payoff),
            "equilibria": found.equilibria_table(),
            "alpha_rank": found.rank_table(),
            "alpha_rank_by_payoff": ranks,
            "fixation": found.fixation_table(),
        },
        "pictures": {"phase": phase_figure(game, found, resampled)},
        "files": files,
        "shown": meta_game_tables(found, ranks, {kind: measured.means(kind) for kind in shown_kinds(found)}),
        "headline": headline(found, ranks),
        "summary": {
            "seeds": len(measured.seeds),
            "players": measured.players,
            "neurons": measured.neurons,
            "layer": layer,
            **_summary(found),
        },
    }
    if decided is not None:
        table = conclusions_table(decided)
        parts["tables"]["decided"], parts["summary"]["decided"] = table, _records(table)
        parts["shown"] = Group(parts["shown"], sequential_table(table, payoff))
        parts["headline"] += f" {sequential_headline(decided, tolerance)}"
    return parts


def _play_layers(
    game_setup: GameSetup, policies: list[Policy], seeds: range, payoff: str, settings: dict[str, Any]
) -> dict[str, Any]:
    import pandas as pd
    from rich.console import Group

    from neuronet.cli.tables.meta_game import layers_gains_table, layers_headline, layers_table, shown_kinds
    from neuronet.games import analyse_layers, layer_game, nfg_of_layers
    from neuronet.plotting.games import layers_figure

    measured = layer_game(game_setup, policies, seeds)
    console.print_err(f"played {counted(measured.loss.size, 'game')} of {counted(game_setup.rounds, 'round')} between two layers")
    found = analyse_layers(measured, payoff, **settings)
    payoffs = measured.payoffs(payoff)
    gains = pd.concat([measured.gains(kind).assign(payoff=kind) for kind in shown_kinds(found)], ignore_index=True)
    return {
        "tables": {
            "payoffs": measured.table(),
            "gains": gains,
            "equilibria": found.equilibria_table(),
            "alpha_rank": found.rank_table(),
        },
        "pictures": {"layers": layers_figure(payoffs, measured.resampled(payoff, 1000), found)},
        "files": {"game.nfg": nfg_of_layers(measured.names, payoffs, f"two layers, payoff {payoff}")},
        "shown": Group(layers_table(found), layers_gains_table(found, gains)),
        "headline": layers_headline(found),
        "summary": {"seeds": len(seeds), "neurons": list(measured.neurons), **_summary(found)},
    }


def _summary(found: Analysis) -> dict[str, Any]:
    return {
        "policies": list(found.names),
        "alpha": found.alpha,
        "population": found.size,
        "equilibria": _records(found.equilibria_table()),
        "alpha_rank": _records(found.rank_table().query("alpha == @found.alpha")),
        "fixation": _records(found.fixation_table()),
        "degenerate": found.degenerate,
        "endings": found.ending_counts,
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in line.items()} for line in table.to_dict("records")]
