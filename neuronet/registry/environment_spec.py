"""Environments by spec: `digits`, `xor(noise=0.1)`, `module:Class`, and files such as `table:wine.csv`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from neuronet.core import ConfigurationError, Environment, SpecError, Unseen, named_path, shortened
from neuronet.environments import Missing, Table, TableFormat, read_idx_folder, read_image_folder, read_openml
from neuronet.registry.plug_ins import known_environments
from neuronet.registry.spec import parse_spec

URI_SCHEMES = {
    "table:PATH": "A .csv, .npz or .parquet file; --target names its column of targets. table:PATH(separator=';', decimal=',', "
    "exclude=[a, b], categories=c) says how it is read.",
    "images:FOLDER": "Images in one subfolder per class; images:FOLDER(size=32) scales them.",
    "idx:FOLDER": "Images and labels in four files in the format of MNIST.",
    "openml:ID_OR_NAME": "A data set of OpenML; --target names its column of targets.",
}
"""Forms of text that read an environment from files of the user, and what each is for."""

TABLE_PATH = re.compile(r"(?P<file>.+\.(?:csv|npz|parquet))\((?P<options>.*)\)", re.IGNORECASE | re.DOTALL)
"""A table file with options in brackets."""

TABLE_EXAMPLE = "FILE(separator=';', decimal=',', exclude=[name, ticket], categories=zip)"


def parse_environment(
    text: str,
    *,
    target: str | None = None,
    payoff: str = "auto",
    data_dir: str | None = None,
    missing: Missing = "refuse",
    unseen: Unseen = "refuse",
) -> Environment:
    """Return the environment of a spec such as "digits", "xor(noise=0.1)" or "table:wine.csv".

    Args:
        text: A name, `module:Class`, or one of URI_SCHEMES, such as `table:PATH`.
        target: Column or array of targets, for a table or openml.
        payoff: "cross-entropy", "balanced-cross-entropy" or "squared-error", for a table or openml; "auto" chooses by the
            targets.
        data_dir: Folder where an environment that is read from files looks for them first.
        missing: What becomes of missing inputs of a table or openml: "refuse", "mean", "median" or "drop".
        unseen: What becomes of categories that no training sample of a table or openml has: "refuse" or "zeros".

    Raises:
        SpecError: The text cannot be parsed, or names something unknown.
        ConfigurationError: An option does not apply to this environment, or a parameter is out of range.
        DataError: Files cannot be read.
    """
    scheme, _, rest = text.partition(":")
    has_columns, has_folder = scheme in ("table", "openml"), f"{scheme}:FOLDER" in URI_SCHEMES or scheme == "table"
    if not has_columns and (target is not None or payoff != "auto"):
        raise ConfigurationError(
            f"target and payoff are options of table:PATH and openml:ID, environment '{text}' has its own: leave them out"
        )
    if not has_columns and (missing, unseen) != ("refuse", "refuse"):
        raise ConfigurationError(
            f"missing and unseen are options of table:PATH and openml:ID, environment '{text}' has no columns: leave them out"
        )
    if has_folder and data_dir is not None:
        raise ConfigurationError(f"environment '{text}' names its own path: leave data_dir out")
    if data_dir is not None:
        named_path("data_dir", data_dir)
    if scheme == "table" and ":" in text:
        file, form = split_table_path(rest)
        return Table.read(file, target=target, payoff=payoff, missing=missing, unseen=unseen, form=form)
    if scheme == "openml":
        return read_openml(rest, data_dir=data_dir or "", target=target, payoff=payoff, missing=missing, unseen=unseen)
    if scheme == "idx":
        return read_idx_folder(rest)
    if scheme == "images":
        folder, size = _split_size(rest)
        return read_image_folder(folder, size=size)
    environment = _build_environment(text)
    return environment if data_dir is None else _with_data_dir(environment, data_dir)


def with_absolute_path(text: str) -> str:
    """Return the spec of the same environment with an absolute path, so that it can be found from any folder."""
    scheme, _, rest = text.partition(":")
    if scheme not in ("table", "idx", "images"):
        return text
    match = TABLE_PATH.fullmatch(rest) if scheme == "table" else None
    folder = _split_size(rest)[0] if scheme == "images" else rest if match is None else match["file"]
    return f"{scheme}:{Path(folder).resolve()}{rest[len(folder) :]}"


def split_table_path(text: str) -> tuple[Path, TableFormat]:
    """Return the file and the format of a text such as "wine.csv" or "wine.csv(separator=';', exclude=[name, ticket])".

    Raises:
        SpecError: What is in brackets cannot be parsed, or names something unknown.
        ConfigurationError: The path is empty, or a separator or decimal point cannot be used.
    """
    match = TABLE_PATH.fullmatch(text)
    if match is None:
        if not text:
            raise ConfigurationError("table:PATH must name a .csv, .npz or .parquet file, got an empty text")
        return Path(text), TableFormat()
    spec = f"file({match['options']})"
    return Path(match["file"]), parse_spec(spec, "table", TableFormat, {"file": TableFormat}, example=TABLE_EXAMPLE)


def _split_size(text: str) -> tuple[str, int | None]:
    """FOLDER, or FOLDER(size=32); a folder's name may have brackets of its own."""
    match = re.fullmatch(r"(.+?)\(size=([0-9]{1,9})\)", text)
    return (text, None) if match is None else (match[1], int(match[2]))


def _build_environment(text: str) -> Environment:
    if re.fullmatch(r"([\w.:-]+/)?[\w.:-]+-v\d+", text):
        raise SpecError(
            f"unknown environment '{text}': it looks like an environment of Gymnasium, for which there are "
            "`neuronet control` and neuronet.control.train"
        )
    try:
        return parse_spec(text, "environment", Environment, known_environments())
    except SpecError as error:
        if Path(text).exists() or TABLE_PATH.fullmatch(text):
            raise SpecError(f"'{shortened(text)}' is no name of an environment: for {_form_for(text)}") from None
        if str(error).startswith("unknown environment"):
            raise SpecError(f"{error}, or {', '.join(URI_SCHEMES)} for files") from None
        raise


def _form_for(path: str) -> str:
    """Return what is to be written for a file or folder."""
    return f"a folder write images:{path} or idx:{path}" if Path(path).is_dir() else f"a table write table:{path}"


def _with_data_dir(environment: Environment, data_dir: str) -> Environment:
    if "data_dir" not in getattr(environment, "__dataclass_fields__", {}):
        raise ConfigurationError(f"environment '{type(environment).__name__}' reads no files from a folder: leave data_dir out")
    updated: Environment = replace(environment, data_dir=data_dir)  # type: ignore[type-var]
    return updated
