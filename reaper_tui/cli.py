"""The door: commands and options, and how each failure leaves through it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from reaper_tui import __version__
from reaper_tui.exit_codes import ExitCode, code_of_error
from reaper_tui.heap import settle
from reaper_tui.logbook import open_file, open_logbook, redact
from reaper_tui.loop import run_fast
from reaper_tui.model.errors import CloneError, ConfigurationError
from reaper_tui.model.text import sanitise_line
from reaper_tui.profile.paths import default_paths

if TYPE_CHECKING:
    from reaper_tui.profile.settings import Settings
    from reaper_tui.sandbox.service import SandboxOptions

P = ParamSpec("P")
R = TypeVar("R")
APP_COMMAND = "app"
PROGRAM = "reaper-tui"
GENERATIONS = ("2026-02", "current")
COMMUNITIES = ("busy", "everything")
DEMO_SPEED = 10.0


def _known_profiles(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    del context, parameter
    return sorted(path.stem for path in default_paths().profiles() if path.stem.startswith(incomplete))


class DefaultGroup(click.Group):
    """A group in which `reaper-tui [PROFILE]` opens the app."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Take a first word that is no command for a profile."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            args = [APP_COMMAND, *args]
        return super().resolve_command(ctx, args)


@click.group(cls=DefaultGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reaper-tui")
@click.pass_context
def cli(context: click.Context) -> int | None:
    """Clone a Discord server into a Fluxer community.

    `reaper-tui` alone, or with a PROFILE, opens the full-screen app; `reaper-tui demo` tries it on a built-in sandbox.
    """
    if context.invoked_subcommand is None:
        return context.invoke(app_command, profile=None)
    return None


@cli.command(APP_COMMAND, hidden=True)
@click.argument("profile", required=False, shell_complete=_known_profiles)
@click.option("--no-mouse", is_flag=True, help="Leave the mouse to the terminal.")
def app_command(profile: str | None, no_mouse: bool = False) -> int:
    """Open the full-screen app."""
    from reaper_tui.late_backend import LateBackend
    from reaper_tui.tui.app import run_app

    paths = default_paths()
    path = None
    if profile is not None:
        path = paths.profile(profile)
        _load(profile)
    return run_app(LateBackend(paths), profile=path, mouse=not no_mouse)


def sandbox_options(speed: float) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that adds the options which shape a sandbox."""

    def decorate(command: Callable[P, R]) -> Callable[P, R]:
        for option in reversed(
            (
                click.option("--messages", default=2000, show_default=True, type=click.IntRange(0, 5_000_000)),
                click.option("--channels", default=12, show_default=True, type=click.IntRange(1, 500)),
                click.option("--seed", default=1, show_default=True, help="Another seed, another community."),
                click.option(
                    "--speed",
                    default=speed,
                    show_default=True,
                    type=click.FloatRange(0, 10_000, min_open=True),
                    help="How many times faster every limit refills.",
                ),
                click.option(
                    "--community",
                    default="busy",
                    show_default=True,
                    type=click.Choice(COMMUNITIES),
                    help="One that talks as much as asked for, or a small one that holds one of everything.",
                ),
                click.option("--generation", default="2026-02", show_default=True, type=click.Choice(GENERATIONS)),
                click.option(
                    "--limit",
                    "limits",
                    multiple=True,
                    metavar="NAME=N",
                    help="What the Fluxer instance allows, such as max_guild_roles=20; may be repeated.",
                ),
                click.option("--fault", "faults", multiple=True, help="Trouble to make, by name; may be repeated."),
            )
        ):
            command = option(command)
        return command

    return decorate


@cli.command()
@sandbox_options(speed=DEMO_SPEED)
@click.option("--headless", is_flag=True, help="Clone to the end without the app and verify.")
@click.option("--json", "as_json", is_flag=True, help="With --headless: one JSON document on stdout.")
@click.option("--home", type=click.Path(path_type=Path), help="Keep everything here; the same home resumes.")
def demo(headless: bool, as_json: bool, home: Path | None, **shape: Any) -> int:
    """Try everything on a built-in Discord server and Fluxer community."""
    if as_json and not headless:
        raise click.UsageError("--json needs --headless")
    options = _options(shape)
    return _demo_headless(options, home, as_json) if headless else _demo_app(options, home)


@cli.command()
@sandbox_options(speed=1.0)
@click.option("--profile-out", type=click.Path(path_type=Path), help="Write a profile for the sandbox here.")
@click.option("--state", type=click.Path(path_type=Path), help="Keep the servers' state here.")
@click.option("--discord-port", default=0, type=click.IntRange(0, 65535))
@click.option("--fluxer-port", default=0, type=click.IntRange(0, 65535))
@click.option("--control-port", default=0, type=click.IntRange(0, 65535))
def sandbox(profile_out: Path | None, **shape: Any) -> int:
    """Serve a Discord server and a Fluxer community on loopback until stopped."""
    from reaper_tui.demo import open_sandbox, sandbox_profile
    from reaper_tui.profile.settings import save_settings
    from reaper_tui.sandbox.service import SandboxError

    options = _options(shape)
    servers = open_sandbox(options)

    def announce(facts: dict[str, Any]) -> None:
        if profile_out is not None:
            save_settings(profile_out, sandbox_profile(facts, options.speed))
        print(json.dumps(facts), flush=True)

    try:
        asyncio.run(servers.serve_until_stopped(announce))
    except SandboxError as error:
        raise ConfigurationError(str(error)) from None
    return ExitCode.DONE


@cli.command()
@click.argument("profile", shell_complete=_known_profiles)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout at the end.")
@click.option("--json-lines", "as_json_lines", is_flag=True, help="Events as JSON lines, the summary last.")
@click.option("--dry-run", is_flag=True, help="Print the plan and write nothing to the target.")
@click.option("--only", multiple=True, metavar="ID", help="Only this channel or category; may be repeated.")
@click.option("--since", metavar="DATE", help="Only messages from this date (or message id) on.")
@click.option("--until", metavar="HH:MM|9h30m", help="Stop then, resumably.")
@click.option("--max-rate", metavar="N/min", help="At most so many messages a minute.")
@click.option("--live", is_flag=True, help="Go on mirroring what people write, edit and delete, until stopped.")
def run(
    profile: str,
    as_json: bool,
    as_json_lines: bool,
    dry_run: bool,
    only: tuple[str, ...],
    since: str | None,
    until: str | None,
    max_rate: str | None,
    live: bool,
) -> int:
    """Clone, or resume where the last run stopped."""
    from reaper_tui import headless
    from reaper_tui.engine.since import first_cursor
    from reaper_tui.time_window import parse_rate, parse_until

    settings, workdir = _load(profile)
    if only:
        settings.copy.channels = list(only)
    if since is not None:
        settings.copy.since = since
    first_cursor(settings.copy.since)
    if max_rate is not None:
        settings.speed.max_messages_per_minute = parse_rate(max_rate)
    settings.copy.live = settings.copy.live or live
    end = None if until is None else parse_until(until, datetime.now().astimezone())
    output = headless.Output(as_json, as_json_lines)
    if dry_run:
        return run_fast(headless.show_plan(settings, workdir, output, only=only))
    settle()
    return run_fast(headless.run_clone(settings, workdir, output, end, only=only))


@cli.command()
@click.argument("profile", shell_complete=_known_profiles)
@click.option("--json", "as_json", is_flag=True)
def plan(profile: str, as_json: bool) -> int:
    """Print what a run would do, writing nothing to the target."""
    from reaper_tui import headless

    settings, workdir = _load(profile)
    return run_fast(headless.show_plan(settings, workdir, headless.Output(as_json)))


@cli.command()
@click.argument("profile", shell_complete=_known_profiles)
@click.option("--json", "as_json", is_flag=True)
def verify(profile: str, as_json: bool) -> int:
    """Read the target back and compare."""
    from reaper_tui import headless

    settings, workdir = _load(profile)
    return run_fast(headless.verify_target(settings, workdir, headless.Output(as_json)))


@cli.command()
@click.argument("profile", shell_complete=_known_profiles)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout at the end.")
@click.option("--json-lines", "as_json_lines", is_flag=True, help="Events as JSON lines, the summary last.")
def retry(profile: str, as_json: bool, as_json_lines: bool) -> int:
    """Try the failed messages again, and those that vanished from the target or lack files."""
    from reaper_tui import headless

    settings, workdir = _load(profile)
    return run_fast(headless.retry_failed(settings, workdir, headless.Output(as_json, as_json_lines)))


@cli.command()
@click.argument("profile", shell_complete=_known_profiles)
@click.option("--json", "style", flag_value="json")
@click.option("--markdown", "style", flag_value="markdown")
def report(profile: str, style: str | None) -> int:
    """Print what was done, what was not, and why."""
    from reaper_tui import headless

    _, workdir = _load(profile)
    return run_fast(headless.show_report(workdir, style or "text"))


@cli.command()
@click.argument("profile", required=False)
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to listen on; 0 takes a free one.")
@click.option("--workdir", type=click.Path(path_type=Path), help="Without a PROFILE: where the journal lives.")
def serve(profile: str | None, workdir: Path | None, **given: Any) -> int:
    """Stream the messages to whoever listens: WebSocket, server-sent events, and a page to look at."""
    from reaper_tui.profile.settings import Settings, with_environment
    from reaper_tui.stream.command import serve_stream
    from reaper_tui.stream.logs import open_logs
    from reaper_tui.stream.settings import load_serve_settings

    if profile is not None:
        chosen, place = _load(profile)
    else:
        chosen, place = with_environment(Settings()), workdir or default_paths().data / "stream"
    given = {name: value for name, value in given.items() if value is not None}
    settings = load_serve_settings(chosen, given, Path(".env"))
    open_logs(settings.environment, settings.log_level)
    asyncio.run(serve_stream(settings, chosen, place, has_profile=profile is not None))
    return ExitCode.DONE


@cli.command()
@click.argument("profile", shell_complete=_known_profiles)
@click.option("--json", "as_json", is_flag=True)
def doctor(profile: str, as_json: bool) -> int:
    """Look at tokens, permissions, limits, disk, clock and terminal, and name the mend of what is amiss."""
    from reaper_tui import headless

    settings, workdir = _load(profile)
    path = default_paths().profile(profile)
    return run_fast(headless.examine(path, settings, workdir, as_json=as_json))


@cli.command()
@click.argument("profile", shell_complete=_known_profiles)
@click.option("--to", "directory", required=True, type=click.Path(path_type=Path), help="The folder to write into.")
@click.option("--no-media", is_flag=True, help="Texts only.")
@click.option("--json", "as_json", is_flag=True)
def export(profile: str, directory: Path, no_media: bool, as_json: bool) -> int:
    """Write what was read of the server as JSON Lines, a file for each channel, with its files beside it."""
    from reaper_tui import headless

    settings, workdir = _load(profile)
    place = directory.expanduser().absolute()
    return run_fast(headless.export(settings, workdir, place, with_media=not no_media, as_json=as_json))


@cli.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written, until interrupted.")
@click.option("-n", "--lines", default=50, show_default=True, type=click.IntRange(0), help="How many to begin with.")
@click.option("--json", "as_json", is_flag=True, help="As they stand in the file: one JSON object a line.")
def logs(follow: bool, lines: int, as_json: bool) -> int:
    """Print the newest lines of the log."""
    from reaper_tui.log_reader import follow_log, newest_lines, readable

    path = default_paths().log_file
    for line in newest_lines(path, lines):
        print(line if as_json else readable(line), flush=True)
    if follow:
        for line in follow_log(path):
            print(line if as_json else readable(line), flush=True)
    return ExitCode.DONE


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script for a shell: eval "$(reaper-tui completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    print(found(cli, {}, PROGRAM, f"_{PROGRAM.upper().replace('-', '_')}_COMPLETE").source())
    return ExitCode.DONE


@cli.command()
@click.argument("profile", required=False, shell_complete=_known_profiles)
@click.option("--json", "as_json", is_flag=True)
def where(profile: str | None, as_json: bool) -> int:
    """Print where files live; with a PROFILE also each setting and what it was set by, secrets left out."""
    from reaper_tui.profile.origins import origins

    paths = default_paths()
    if profile is not None:
        path = paths.profile(profile)
        rows = origins(path)
        if as_json:
            print(json.dumps({row.name: {"value": row.value, "from": row.origin} for row in rows}, ensure_ascii=False))
        else:
            print(f"{path}\n{paths.workdir(path)}\n")
            print("\n".join(f"{row.name:34} {row.value:42} {row.origin}" for row in rows))
        return ExitCode.DONE
    for name, path in (
        ("profiles", paths.config),
        ("journals", paths.data),
        ("cache", paths.cache),
        ("log", paths.log_file),
        ("app", paths.preferences_file),
    ):
        print(f"{name:10}{path}")
    return ExitCode.DONE


def main() -> None:
    """Run the command line and leave with its exit code."""
    open_logbook(default_paths().log_file)
    try:
        code: object = cli.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        code = ExitCode.INTERRUPTED
    except CloneError as error:
        _say(redact(sanitise_line(error.line(), 1000)))
        code = code_of_error(error)
    except BrokenPipeError:
        sys.stderr.close()
        code = ExitCode.INCOMPLETE
    except Exception as error:
        logging.getLogger("reaper_tui").exception("unexpected error")
        kind = type(error).__name__
        _say(f"an unexpected error ({kind}); nothing is lost — see {open_file()} and run again")
        code = ExitCode.INCOMPLETE
    sys.exit(int(code) if isinstance(code, int) else 0)


def _say(line: str) -> None:
    print(f"reaper-tui: {line}", file=sys.stderr)


def _load(profile: str) -> tuple[Settings, Path]:
    from reaper_tui.profile.settings import load_settings

    paths = default_paths()
    path = paths.profile(profile)
    return load_settings(path), paths.workdir(path)


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not number.isdecimal():
        raise click.UsageError(f"--limit {text} is not NAME=N, such as max_guild_roles=20")
    return name, int(number)


def _options(shape: dict[str, Any]) -> SandboxOptions:
    from reaper_tui.sandbox.service import SandboxOptions

    shape["limits"] = tuple(_limit(text) for text in shape["limits"])
    return SandboxOptions(**{name: value for name, value in shape.items() if value is not None})


def _demo_headless(options: SandboxOptions, home: Path | None, as_json: bool) -> int:
    from reaper_tui import headless
    from reaper_tui.demo import demo_home
    from reaper_tui.profile.settings import load_settings

    async def work() -> ExitCode:
        async with demo_home(options, home, is_kept=False) as (paths, profile):
            open_logbook(paths.log_file)
            settings = load_settings(profile, environment={})
            output = headless.Output(as_json)
            return await headless.run_clone(settings, paths.workdir(profile), output)

    return run_fast(work())


def _demo_app(options: SandboxOptions, home: Path | None) -> int:
    from reaper_tui.demo import default_home, demo_home, forget_home
    from reaper_tui.tui.app import run_app
    from reaper_tui.wiring import ProgramBackend

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigurationError("The app needs a terminal", "without one, use: reaper-tui demo --headless")
    ready: threading.Event = threading.Event()
    found: list[tuple[Any, Path]] = []
    failures: list[BaseException] = []
    loop = asyncio.new_event_loop()
    ending = asyncio.Event()

    async def serve() -> None:
        async with demo_home(options, home, is_kept=True) as places:
            found.append(places)
            ready.set()
            await ending.wait()

    def serve_in_thread() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=serve_in_thread, name="sandbox", daemon=True)
    thread.start()
    ready.wait()
    if failures:
        raise failures[0]
    paths, profile = found[0]
    open_logbook(paths.log_file)
    backend = ProgramBackend(paths)
    try:
        code = run_app(backend, profile=profile, demo=True)
        is_over = any(entry.run is not None and entry.run.state == "done" for entry in backend.profiles())
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(timeout=10)
    if is_over and home is None:
        forget_home(default_home(options))
    return code
