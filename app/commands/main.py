"""Knows the words of the command line and how each ending reads; does not know what the commands do.

Whatever is slow to import is imported by the command that needs it: ``accord --help`` must not wait for a model's
libraries.
"""

import errno
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .audit import audit
from .doctor import doctor
from .evaluate import evaluate_command
from .guideline import guideline_app
from .options import (
    ApiBase,
    BaseFolder,
    DataFile,
    EngineName,
    Host,
    IdColumn,
    ModelName,
    Port,
    RaterFolder,
    limit,
    open_console,
)
from .report import report
from .review import review

INTERRUPTED = "interrupted; what is recorded is kept, run again to go on"


class _Target(StrEnum):
    """What a compile produces."""

    weights = "weights"
    guideline = "guideline"


class _Front(TyperGroup):
    """Ends every command in one way: what Accord refuses is one line, what nobody foresaw keeps its traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            typer.echo(INTERRUPTED, err=True)
            raise typer.Exit(130) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            from ...data import AccordError

            if not isinstance(error, AccordError):
                raise
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(2) from None


# Without rich, help is shown in half the time; a traceback is for the bug report, so it stays as Python writes it.
app = typer.Typer(
    cls=_Front,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="To see it work: accord demo",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.add_typer(guideline_app, name="guideline", help="Show, compare, explain and roll back a guideline.")


def main() -> None:
    """Run the command line; the entry point ``accord``."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has gone. Python flushes again as it exits, which must not fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        typer.echo("error: no space left where the output goes. Make room and run the same command again.", err=True)
        sys.exit(2)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"accord {version('accord')}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Build LLM raters that agree with your annotators, from labels alone."""
    # LiteLLM, which dspy imports, would otherwise download its price list on import.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    # Tokenizers that were used before a fork (training runs in a process of its own) warn on stderr if this is not set.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@app.command()
def demo(
    run: Annotated[Path, typer.Option(metavar="DIR", help="The run's folder.")] = Path("runs/demo"),
    live: Annotated[
        bool, typer.Option("--live", help="Draw everything now instead of replaying a recorded teacher.")
    ] = False,
) -> None:
    """Go from human labels to a proven rater, with the embedded model."""
    from ..demo import run_demo

    run_demo(run, live=live, console=open_console())


app.command()(doctor)


@app.command("compile")
def compile_(
    task: Annotated[Path, typer.Argument(metavar="TASK.yaml", help="What to compile.", show_default=False)],
    into: Annotated[_Target | None, typer.Option(help="What to produce.", show_default=False)] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run's folder.  [default: runs/<task name>]")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what the traces would cost, from a small pilot.")
    ] = False,
    pilot: Annotated[int, typer.Option(metavar="ITEMS", min=2, help="How many items --dry-run draws for.")] = 32,
    max_usd: Annotated[float | None, limit("dollars")] = None,
    max_tokens: Annotated[int | None, limit("billed tokens")] = None,
    max_calls: Annotated[int | None, limit("requests")] = None,
    max_minutes: Annotated[float | None, limit("minutes")] = None,
    no_review: Annotated[
        bool, typer.Option("--no-review", help="Leave out what people chose on the run's review page.")
    ] = False,
) -> None:
    """Build a rater from a task file; every stage resumes.

    A limit ends the drawing of traces before it is exceeded; the rater is made from what there is.
    """
    if into is None and not dry_run:
        raise typer.BadParameter("give --into weights or --into guideline, or --dry-run", param_hint="'--into'")
    from ..task import Task

    limits = {"usd": max_usd, "tokens": max_tokens, "calls": max_calls, "minutes": max_minutes}
    loaded = Task.load(task)
    folder = Path("runs", loaded.name) if run is None else run
    with loaded.concealing():
        if into is None or dry_run:
            from ..compile import forecast_task

            forecast_task(loaded, run=folder, pilot=pilot, console=open_console(), limits=limits)
        else:
            from ..compile import compile_task

            compile_task(
                loaded, into=into.value, run=folder, console=open_console(), limits=limits, review=not no_review
            )


app.command("evaluate")(evaluate_command)


app.command()(audit)


app.command()(report)


app.command()(review)


@app.command("rate")
def rate_command(
    rater: RaterFolder,
    data: DataFile,
    out: Annotated[
        Path, typer.Option(metavar="FILE", help="Where to write: .parquet, .csv or .jsonl.", show_default=False)
    ],
    id: IdColumn = None,
    seed: Annotated[int, typer.Option(help="For models that can be seeded.")] = 0,
    model: ModelName = None,
    api_base: ApiBase = None,
    base: BaseFolder = None,
    engine: EngineName = "saved",
) -> None:
    """Rate items that need no labels; an interrupted run resumes."""
    from ..rate import check_places, rate_file

    check_places(data, out)
    from ...programs import open_rater
    from ..rater_options import ModelChoice, load_rater

    console = open_console()
    loaded = load_rater(rater, open_rater, ModelChoice(model, api_base, base, engine))
    rate_file(loaded, data, out, id=id, seed=seed, console=console)


@app.command()
def serve(
    rater: RaterFolder,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    token_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Environment variable with the token that clients must send."),
    ] = None,
    model: ModelName = None,
    api_base: ApiBase = None,
    max_items: Annotated[int, typer.Option(min=1, metavar="N", help="Items of one request.")] = 256,
    max_bytes: Annotated[int, typer.Option(min=1, metavar="N", help="Bytes of one request.")] = 1_048_576,
    queue: Annotated[int, typer.Option(min=1, metavar="N", help="Items that may wait.")] = 2048,
    grace: Annotated[float, typer.Option(min=0, metavar="S", help="Seconds to finish when stopped.")] = 30.0,
    base: BaseFolder = None,
    engine: EngineName = "saved",
) -> None:
    """Serve a rater over HTTP; what was accepted is answered."""
    from ..rater_options import ModelChoice
    from ..serve import Serving, serve_rater

    serving = Serving(
        host=host,
        port=port,
        token_env=token_env,
        choice=ModelChoice(model, api_base, base, engine),
        grace=grace,
        items=max_items,
        bytes=max_bytes,
        queue=queue,
    )
    serve_rater(rater, serving, open_console())


@app.command()
def export(
    rater: RaterFolder,
    merged: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write a rater whose weights need no base model.", show_default=False),
    ] = None,
    hub: Annotated[
        str | None,
        typer.Option(metavar="REPO", help="Push to the Hugging Face Hub, e.g. me/stars.", show_default=False),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it there; else it is private.")] = False,
    license: Annotated[
        str | None, typer.Option(metavar="ID", help="The licence to state there, e.g. apache-2.0.", show_default=False)
    ] = None,
    base: BaseFolder = None,
) -> None:
    """Merge a rater's adapter into its base, or push it to the Hub.

    With both, the merged rater is pushed. The Hub's token is taken from HF_TOKEN or from 'hf auth login'.
    """
    if merged is None and hub is None:
        raise typer.BadParameter("give --merged DIR, --hub REPO, or both", param_hint="'--merged'")
    for name, idle in (("--public", public and hub is None), ("--license", license is not None and hub is None)):
        if idle:
            raise typer.BadParameter("goes with --hub", param_hint=f"'{name}'")
    if base is not None and merged is None:
        raise typer.BadParameter("goes with --merged", param_hint="'--base'")
    from ..export import Export, export_rater

    wanted = Export(merged=merged, hub=hub, public=public, license=license, base=base)
    export_rater(rater, wanted, open_console())
