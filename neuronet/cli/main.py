"""The command line: `neuronet run`, `control`, `check`, `policies`, `channels`, `update-schedules`, `environments`."""

from __future__ import annotations

import json as json_format
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neuronet.cli import console
from neuronet.cli.commands.compare import compare
from neuronet.cli.commands.continual import continual
from neuronet.cli.commands.continual_summary import continual_summary
from neuronet.cli.commands.game.app import app as game
from neuronet.cli.commands.lab import lab
from neuronet.cli.commands.options import new_folder, parse_sizes
from neuronet.cli.commands.plot import plot
from neuronet.cli.commands.sweep import HELP as SWEEP_HELP
from neuronet.cli.commands.sweep import sweep
from neuronet.core.errors import NeuroNetError
from neuronet.execution.distributed import is_main_process

if TYPE_CHECKING:
    from neuronet.control import ControlConfig, ControlResult
    from neuronet.training.config import RunConfig
    from neuronet.training.result import Result

BAD_INPUT, FAILED, INTERRUPTED = 2, 1, 130

POLICY_HELP = (
    'Such as attention, "greedy(top=3)", module:Class, or attention:0.9,free-rider:0.1 for a mixed society; '
    "given several times, one for each listening layer, the outputs last."
)

CHANNEL_HELP = (
    'Such as "demand:dropout(0.3)", or "activity@1:k-winners(0.1)" for what layer 1 says; may be given several times: '
    "see neuronet channels."
)

UPDATE_SCHEDULE_HELP = 'Who acts when: synchronous, random-sequential (engine agents), "partial(0.5)" or "inactive(0.2)".'

app = typer.Typer(
    name="neuronet",
    help="What if every neuron were a self-interested agent?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def start() -> int:
    """Run the command line and give the exit status: 0 done, 1 failed, 2 bad input, 130 interrupted."""
    if str(Path.cwd()) not in sys.path:  # for module:Class; last, so that nothing there stands in for a library
        sys.path.append(str(Path.cwd()))
    try:
        code = app(standalone_mode=False)
    except NeuroNetError as error:
        return _refuse(str(error), BAD_INPUT)
    except MemoryError:
        return _refuse("there is not enough memory for this: choose fewer or smaller layers, samples or replicas", FAILED)
    except OSError as error:
        return _refuse(f"cannot use '{error.filename}': {error.strerror}" if error.filename else str(error), FAILED)
    except Exception as error:
        if hasattr(error, "format_message"):  # the command line itself was wrong
            return _refuse(error.format_message(), BAD_INPUT) if error.format_message() else BAD_INPUT
        raise
    return code if isinstance(code, int) else 0


def _refuse(sentence: str, code: int) -> int:
    sys.stderr.write(f"Error: {' '.join(sentence.split())}\n")
    return code


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.", is_eager=True)] = False,
) -> None:
    if version:
        from neuronet import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.command()
def run(
    environment: Annotated[
        str | None, typer.Argument(help="digits, fashion-mnist, table:PATH, ...: see neuronet environments.")
    ] = None,
    policy: Annotated[list[str] | None, typer.Option(help=POLICY_HELP)] = None,
    engine: Annotated[str | None, typer.Option(help="agents, tensors or auto.")] = None,
    hidden: Annotated[str | None, typer.Option(help="Neurons in each hidden layer: 64 or 256,256 or none.")] = None,
    activation: Annotated[str | None, typer.Option(help="relu, leaky-relu, tanh, sigmoid, gelu or identity.")] = None,
    connectivity: Annotated[str | None, typer.Option(help='dense, "sparse(0.1)" or "small-world(neighbours=8)".')] = None,
    init: Annotated[str | None, typer.Option(help="he, glorot, lecun, zeros or auto.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How often all training samples are played.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Samples a round.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Above 0.")] = None,
    lr_schedule: Annotated[
        str | None, typer.Option(help="The learning rate over the epochs: linear, cosine or constant.")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help='Optimizer: sgd,  "momentum(0.9)" or adam.')] = None,
    update_schedule: Annotated[str | None, typer.Option(help=UPDATE_SCHEDULE_HELP)] = None,
    channel: Annotated[list[str] | None, typer.Option(help=CHANNEL_HELP)] = None,
    seed: Annotated[int | None, typer.Option(help="Of all chance, 0 or more.")] = None,
    replicas: Annotated[int | None, typer.Option(help="Runs to train at once, each with a seed of its own.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float64, float32 or auto.")] = None,
    matmul: Annotated[str | None, typer.Option(help="Products of float32: highest, high (TF32) or medium (bfloat16).")] = None,
    target: Annotated[str | None, typer.Option(help="The target's column, for table:PATH.")] = None,
    payoff: Annotated[str | None, typer.Option(help="cross-entropy or squared-error, for table:PATH.")] = None,
    data_dir: Annotated[str | None, typer.Option(help="Folder in which to look for the environment's files first.")] = None,
    checkpoint_every: Annotated[int | None, typer.Option(help="Epochs between two checkpoints.")] = None,
    alignment: Annotated[bool, typer.Option("--alignment", help="Measure how updates agree with backpropagation's.")] = False,
    intervene: Annotated[
        list[str] | None, typer.Option(help='"5: lesion(layer=1, share=0.2)" after epoch 5, or "round 120: ..."; several times.')
    ] = None,
    trace: Annotated[
        list[str] | None, typer.Option(help='Neurons to trace: "hidden:16 every 10", "node 70 every 1"; several times.')
    ] = None,
    config: Annotated[Path | None, typer.Option(help="Options from a .toml file; those given here win.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to record the run in (default: a new one in runs/).")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with the run in this folder.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")] = False,
) -> None:
    """Train a network of self-interested neurons.

    Defaults: policy attention, 64 hidden neurons, relu, 20 epochs of batches of 32, learning rate 0.02 with momentum 0.9.
    """
    named = {
        "environment": environment,
        "policy": policy[0] if policy and len(policy) == 1 else policy or None,
        "engine": engine,
        "hidden": None if hidden is None else parse_sizes(hidden),
        "activation": activation,
        "connectivity": connectivity,
        "init": init,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "lr_schedule": lr_schedule,
        "optimizer": optimizer,
        "channels": channel or None,
        "update_schedule": update_schedule,
        "seed": seed,
        "replicas": replicas,
        "device": device,
        "dtype": dtype,
        "matmul": matmul,
        "target": target,
        "payoff": payoff,
        "data_dir": data_dir,
        "checkpoint_every": checkpoint_every,
        "alignment": alignment or None,
        "interventions": intervene or None,
        "trace": trace or None,
    }
    options = {name: value for name, value in named.items() if value is not None}
    if resume is not None:
        _refuse_with_resume({**options, **({"config": config} if config else {}), **({"out": out} if out else {})})
        result = _resume(resume, epochs)
    else:
        result = _train(options, config, out)
    if is_main_process():
        _finish(result, json)


def _refuse_with_resume(options: dict[str, Any], allowed: str = "epochs") -> None:
    wrong = next((name for name in options if name != allowed), None)
    if wrong is not None:
        raise NeuroNetError(f"--resume goes on with the run's own configuration: leave out {wrong}; only --{allowed} may be new")


def _train(options: dict[str, Any], config: Path | None, out: Path | None) -> Result:
    from neuronet.training.api import train
    from neuronet.training.config import make_config, read_options

    options = {**(read_options(config) if config is not None else {}), **options}
    make_config(options)  # refuses what is missing or wrong, before train is called
    with console.Progress() as bar:
        return train(**options, out=out or _folder_of, on_progress=bar.show, log=bar.print_err)


def _resume(folder: Path, epochs: int | None) -> Result:
    from neuronet.training.api import resume

    with console.Progress() as bar:
        return resume(folder, epochs=epochs, on_progress=bar.show, log=bar.print_err)


def _folder_of(config: RunConfig | ControlConfig) -> Path:
    """A folder that is this run's alone."""
    from neuronet.registry import format_population

    policy = format_population(config.policy)
    return new_folder(f"{Path(config.environment).stem}-{policy if isinstance(policy, str) else 'mixed'}-{config.seed}")


def _finish(result: Result, json: bool) -> None:
    if result.folder is not None:
        result.plot(result.folder / "curves.png")
        result.plot_network(result.folder / "network.png")
        if not result.alignment.empty:
            result.plot_alignment(result.folder / "alignment.png")
    (console.ERR if json else console.OUT).print(console.result_table(result))
    if json:
        typer.echo(json_format.dumps(result.summary(), allow_nan=False))


@app.command()
def control(
    environment: Annotated[str | None, typer.Argument(help="A Gymnasium id, such as CartPole-v1 or module:Name-v0.")] = None,
    policy: Annotated[list[str] | None, typer.Option(help="As for run.")] = None,
    engine: Annotated[str | None, typer.Option(help="agents or tensors.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = None,
    hidden: Annotated[str | None, typer.Option(help="Neurons in each hidden layer: 64 or 256,256 or none.")] = None,
    activation: Annotated[str | None, typer.Option(help="relu, leaky-relu, tanh, sigmoid, gelu or identity.")] = None,
    rounds: Annotated[int | None, typer.Option(help="Rounds at most.")] = None,
    episodes: Annotated[int | None, typer.Option(help="Episodes a round.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="When an episode is cut off.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Above 0.")] = None,
    optimizer: Annotated[str | None, typer.Option(help='Optimizer: sgd,  "momentum(0.9)" or adam.')] = None,
    gamma: Annotated[float | None, typer.Option(help="Discount of later rewards, 0 to 1.")] = None,
    baseline: Annotated[str | None, typer.Option(help="What is usual: step, batch or none.")] = None,
    action_std: Annotated[float | None, typer.Option(help="Standard deviation of actions that are values.")] = None,
    target_return: Annotated[str | None, typer.Option(help="Mean return at which to stop, auto or never.")] = None,
    eval_episodes: Annotated[int | None, typer.Option(help="Episodes that judge the network at the end.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of all chance, 0 or more.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to record the run in (default: a new one in runs/).")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with the run in this folder.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object on the last line.")] = False,
) -> None:
    """Train a network of self-interested neurons to act in a Gymnasium environment, by REINFORCE.

    Defaults: policy attention, 64 hidden neurons, tanh, 200 rounds of 16 episodes at most, learning rate 0.01 with Adam.
    """
    named = {
        "environment": environment,
        "policy": policy[0] if policy and len(policy) == 1 else policy or None,
        "engine": engine,
        "device": device,
        "hidden": None if hidden is None else parse_sizes(hidden),
        "activation": activation,
        "rounds": rounds,
        "episodes": episodes,
        "max_steps": max_steps,
        "learning_rate": learning_rate,
        "optimizer": optimizer,
        "gamma": gamma,
        "baseline": baseline,
        "action_std": action_std,
        "target_return": target_return,
        "eval_episodes": eval_episodes,
        "seed": seed,
    }
    options = {name: value for name, value in named.items() if value is not None}
    if resume is not None:
        _refuse_with_resume({**options, **({"out": out} if out else {})}, "rounds")
    result = _control(options, out, resume)
    if result.folder is not None:
        result.plot(result.folder / "returns.png")
        result.plot_network(result.folder / "network.png")
    from neuronet.cli.tables.control import table_of_control

    (console.ERR if json else console.OUT).print(table_of_control(result))
    if json:
        typer.echo(json_format.dumps(result.summary(), allow_nan=False))


def _control(options: dict[str, Any], out: Path | None, folder: Path | None) -> ControlResult:
    from neuronet.control import Interrupted, resume, train
    from neuronet.control.config import make_config

    with console.ERR.status("Acting") as status:

        def show(number: int, recent: float) -> None:
            status.update(f"round {number}: mean return of the last 100 episodes {recent:.1f}")

        try:
            if folder is not None:
                return resume(folder, rounds=options.get("rounds"), on_progress=show)
            make_config(options)  # refuses what is missing or wrong, before train is called
            return train(**options, out=out or _folder_of, on_progress=show)
        except Interrupted as error:
            where = shlex.quote(str(error.result.folder))
            console.ERR.print(f"Saved. Go on with: neuronet control --resume {where}", soft_wrap=True, markup=False)
            raise


app.command()(compare)
app.command()(continual)
app.command()(continual_summary)
app.command()(lab)
app.command()(plot)
app.command(help=SWEEP_HELP)(sweep)
app.add_typer(game, name="game")


@app.command()
def check() -> None:
    """Check the theory by live computation: exit status 0 if every proposition holds, 1 if not."""
    from neuronet.theory import check_all

    with console.ERR.status("Checking the theory"):
        checks = check_all()
    console.OUT.print(console.checks_table(checks))
    if not all(each.passed for each in checks):
        raise typer.Exit(FAILED)


@app.command()
def bench(
    networks: Annotated[list[str] | None, typer.Argument(help="Such as 64-32-10: neurons in each layer.")] = None,
    batch: Annotated[list[int] | None, typer.Option(help="Samples a round; may be given several times.")] = None,
    policy: Annotated[list[str] | None, typer.Option(help="Such as greedy; may be given several times.")] = None,
    threads: Annotated[int, typer.Option(help="That torch may use.")] = 1,
    cpu_time: Annotated[bool, typer.Option("--cpu-time", help="Count the processor's seconds, not the clock's.")] = False,
    all_suites: Annotated[bool, typer.Option("--all-suites", help="An epoch, replicas, mixed layers and training, too.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON on standard output.")] = False,
) -> None:
    """Measure what a round costs here, against plain torch and against the matrix products alone."""
    from dataclasses import asdict, replace

    from neuronet.benchmarking.api import BATCHES, QUICK, SIZES
    from neuronet.benchmarking.api import bench as measure

    sizes = [_layers(text) for text in networks] if networks else SIZES
    budget = replace(QUICK, threads=threads, cpu_time=cpu_time)
    with console.ERR.status("Measuring"):
        rows = measure(sizes, batch or BATCHES, policy or ("attention",), budget=budget)
        if all_suites:
            from neuronet.benchmarking.suites import benchmark_suites

            rows += benchmark_suites(budget)
    (console.ERR if json else console.OUT).print(console.benchmark_table(rows))
    if json:
        typer.echo(json_format.dumps([asdict(row) for row in rows], allow_nan=False))


def _layers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split("-"))
    except ValueError:
        raise NeuroNetError(f"a network must be the neurons in each layer, such as 64-32-10, got '{text}'") from None


@app.command()
def policies() -> None:
    """List the policies that neurons can follow."""
    from neuronet.registry import known_policies

    console.OUT.print(console.policy_table(known_policies()))


@app.command()
def channels() -> None:
    """List the channels that messages can pass."""
    from neuronet.channels import CHANNELS

    console.OUT.print(console.plug_in_table("channel", CHANNELS))


@app.command()
def update_schedules() -> None:
    """List the update schedules: which neurons act in a round."""
    from neuronet.core.learning.update_schedule import UPDATE_SCHEDULES

    console.OUT.print(console.plug_in_table("update schedule", UPDATE_SCHEDULES))


@app.command()
def environments() -> None:
    """List the environments that networks can be trained in."""
    from neuronet.registry import URI_SCHEMES, known_environments

    table = console.plug_in_table("environment", known_environments())
    for scheme, what in URI_SCHEMES.items():
        table.add_row(scheme, what, "")
    console.OUT.print(table)
