"""Code that plays a session's rounds again without the page."""

from __future__ import annotations

from neuronet.lab.controls import AS_STARTED, Controls
from neuronet.lab.launch_config import LaunchConfig
from neuronet.lab.snapshot import Snapshot
from neuronet.registry import format_channel, format_option, format_population


def session_code(launch_config: LaunchConfig, controls: Controls, snapshot: Snapshot) -> str:
    """Return Python that makes a session with the settings of now, and plays as many rounds.

    What was changed between two rounds is not part of it: the settings are those of now from the first round on.

    Args:
        launch_config: Initial state of the session.
        controls: Settings now.
        snapshot: State now.
    """
    config = launch_config.config
    policy = format_population(launch_config.population) if controls.policy == AS_STARTED else controls.policy
    options: dict[str, object] = {
        "policy": policy,
        "hidden": snapshot.network.sizes[1:-1],
        "activation": config.activation,
        "connectivity": format_option(config.connectivity),
        "optimizer": format_option(config.optimizer),
        "batch_size": config.batch_size,
        "learning_rate": controls.learning_rate,
        "update_schedule": controls.update_schedule,
        "seed": controls.seed,
    }
    if config.channels:
        options["channels"] = [format_channel(channel) for channel in config.channels]
    lines = ["from neuronet.lab import Session, make_launch_config", "", "session = Session(", "    make_launch_config("]
    lines += [
        f"        {config.environment!r},",
        *(f"        {name}={value!r}," for name, value in options.items()),
        "    )",
        ")",
    ]
    settings = {"other": controls.other, "share": controls.share} if controls.share else {}
    settings |= {name: getattr(controls, name) for name in ("noise", "dropout", "delay") if getattr(controls, name)}
    if controls.winner_fraction < 1:
        settings["winner_fraction"] = controls.winner_fraction
    if settings:
        lines.append(f"session.update_controls({', '.join(f'{name}={value!r}' for name, value in settings.items())})")
    lines += [f"snapshot = session.step({snapshot.round})", "print(snapshot.history.test_loss[-1])"]
    return "\n".join(lines)
