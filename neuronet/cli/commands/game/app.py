"""`neuronet game`: networks as games of self-interested players."""

from __future__ import annotations

import typer

from neuronet.cli.command_class import Command
from neuronet.cli.commands.game.credit import credit
from neuronet.cli.commands.game.distances import distances
from neuronet.cli.commands.game.evolve import evolve
from neuronet.cli.commands.game.exploitability import exploitability
from neuronet.cli.commands.game.horizon import horizon
from neuronet.cli.commands.game.lengths import lengths
from neuronet.cli.commands.game.meta import meta
from neuronet.cli.commands.game.policy_choice.certify import certify
from neuronet.cli.commands.game.policy_choice.mechanisms import mechanisms
from neuronet.cli.commands.game.policy_choice.regret import regret
from neuronet.cli.commands.game.potential import potential
from neuronet.cli.commands.game.psro import psro
from neuronet.cli.commands.game.solve import solve
from neuronet.cli.commands.game.welfare import welfare

app = typer.Typer(
    name="game",
    help="Analyse a network as a game: exploitability, best responses, evolution, welfare, meta-games, credit.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    *(exploitability, distances, horizon, lengths, evolve, welfare, meta),
    *(certify, mechanisms, regret, credit, potential, psro, solve),
):
    app.command(cls=Command)(command)
