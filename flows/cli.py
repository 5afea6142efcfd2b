"""The command line.  Every failure is one line on stderr and an exit code; nothing prompts."""

import os
import sys
from typing import Annotated, Final

import typer

from flows.commands import (
    asof,
    backtest,
    bench,
    chaos,
    db,
    demo,
    digest,
    doctor,
    explain,
    keys,
    live,
    market,
    plans,
    replay,
    serve,
    tape,
    universe,
)
from flows.errors import CommandError, ExitCode

HELP: Final = """Watch trading plans against the US equity tape, recorded or live, with answers that replay to the tick.

Example: fancy-trader demo"""
_DATABASE_CODES: Final = {  # by name: importing sinks here would slow every command
    "DatabaseUrlError": ExitCode.BAD_INPUT,
    "DatabaseMissingError": ExitCode.DATA_MISSING,
    "DatabaseEmptyError": ExitCode.DATA_MISSING,
    "DatabaseError": ExitCode.FAILURE,
}

app = typer.Typer(
    name="fancy-trader",
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("replay")(replay.replay)
app.command("live")(live.live)
app.command("backtest")(backtest.backtest)
app.command("serve")(serve.serve)
app.command("openapi")(serve.openapi)
app.command("explain")(explain.explain)
app.command("digest")(digest.digest)
app.command("market")(market.market)
app.command("bench", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(bench.bench)
app.command("chaos")(chaos.chaos)
app.command("doctor")(doctor.doctor)
app.add_typer(asof.app, name="asof")
app.add_typer(plans.app, name="plans")
app.add_typer(universe.app, name="universe")
app.add_typer(keys.app, name="keys")
app.add_typer(tape.app, name="tape")
app.add_typer(db.app, name="db")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("fancy-trader"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")] = False,
) -> None:
    """Watch trading plans against the US equity tape, recorded or live, with answers that replay to the tick."""


def main() -> None:
    """Run a command and leave with its exit code, once what it printed has left as well."""
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        code = code or _refused(error)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else it is tried, and told, once more at exit
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run a command line; return its exit code.  What it cannot do, it says in one line on stderr."""
    try:
        return int(app(arguments, standalone_mode=False) or ExitCode.DONE)
    except typer.Exit as left:
        return left.exit_code
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # a command group alone: its help is the answer
            typer.echo(error.format_message(), err=True)
            return int(ExitCode.BAD_INPUT)
        return _say(error.format_message(), ExitCode.BAD_INPUT)
    except CommandError as error:
        return _say(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return _say("stopped", ExitCode.FAILURE)
    except OSError as error:
        return _refused(error)
    except RuntimeError as error:
        names = (each.__name__ for each in type(error).__mro__)
        code = next((_DATABASE_CODES[name] for name in names if name in _DATABASE_CODES), None)
        if code is None:
            raise
        return _say(str(error), code)


def _refused(error: OSError) -> int:
    """Say what the system refused; it names files that it could not open, not what it could no longer write to."""
    return _say(f"{error.filename or 'output'}: {error.strerror or error}", ExitCode.FAILURE)


def _say(text: str, code: ExitCode) -> int:
    one_line = "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))
    typer.echo(f"fancy-trader: {one_line}" if one_line else "fancy-trader: try --help", err=True)
    return int(code)


if __name__ == "__main__":
    main()
