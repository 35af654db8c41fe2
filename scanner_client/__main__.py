"""Commands: ``python -m scanner_client enrol | scan | sync | status | decode | parse | export | import``.

Each command loads only what it needs: `status` and `parse` run where OpenCV is not installed.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from scanner_client import VERSION
from scanner_client.wording import LANGUAGE_VARIABLE, languages

HOME_VARIABLE: Final = "SCANNER_HOME"
EVIDENCE_MB: Final = 200
EVIDENCE_MB_MAX: Final = 1_000_000


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 when it did what was asked, 1 with a sentence when it could not, 2 for a wrong command."""
    # Our matrices are small: a second thread of the numeric library only waits for the first. Read when it loads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    args, unknown = _parser().parse_known_args(argv)
    if unknown:
        args.refuse(f"unrecognized arguments: {' '.join(unknown)}")  # with the command's own usage, not ours
    if args.language:
        os.environ[LANGUAGE_VARIABLE] = args.language
    command: Callable[[Namespace], int] = args.run
    try:
        return command(args)
    except KeyboardInterrupt:
        return 130  # 128 and the number of SIGINT, as shells have it
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if not type(error).__module__.startswith(("scanner_client.", "sync.")):
            raise
        print(error, file=sys.stderr)  # our own errors are sentences
        return 1


def _enrol(args: Namespace) -> int:
    from scanner_client.clock import system_clock  # noqa: PLC0415
    from scanner_client.commands import answer_request  # noqa: PLC0415
    from scanner_client.enrol_command import enrol, invitation_in  # noqa: PLC0415
    from scanner_client.handheld import open_handheld  # noqa: PLC0415
    from scanner_client.transport import Transport  # noqa: PLC0415
    from scanner_client.wording import say  # noqa: PLC0415

    code: str | None = args.code
    if code is None and args.source == "-":
        print(say("command.source_of_code"), file=sys.stderr)
        return 2
    if code is None:
        from scanner_client.scene import source_of, symbols  # noqa: PLC0415

        print(say("command.looking"), file=sys.stderr)
        code = invitation_in(symbols(source_of(args.source)))
    if code is None:
        print(say("command.no_invitation", source=args.source), file=sys.stderr)
        return 1
    with open_handheld(args.home, system_clock()) as handheld:
        print(enrol(handheld, code, Transport(), name=args.name))
        print(answer_request(handheld, None, {"do": "sync"})["text"])  # who may scan, and what is where
    return 0


def _scan(args: Namespace) -> int:
    from scanner_client.clock import system_clock  # noqa: PLC0415
    from scanner_client.scan_command import Order, scan  # noqa: PLC0415
    from scanner_client.task import Assignment  # noqa: PLC0415
    from scanner_client.wording import say  # noqa: PLC0415

    given = vars(args)
    if args.action is None and args.page is None:
        print(say("command.action_or_page"), file=sys.stderr)
        return 2
    order = {name: value for name, value in given.items() if name in Order.__dataclass_fields__}
    task = {name: value for name, value in given.items() if name in Assignment.__dataclass_fields__}
    return scan(Order(**order, assignment=Assignment(**task) if args.action else None), system_clock())


def _status(args: Namespace) -> int:
    outcome = _performed(args, {"do": "status"})
    if outcome["ok"]:
        from scanner_client.status_text import status_text  # noqa: PLC0415

        print(json.dumps(outcome) if args.as_json else status_text(outcome))
    return _exit_code(outcome)


def _sync(args: Namespace) -> int:
    return _said(args, {"do": "sync"})


def _export(args: Namespace) -> int:
    return _said(args, {"do": "export", "path": str(args.path.resolve())})


def _import(args: Namespace) -> int:
    return _said(args, {"do": "import", "path": str(args.path.resolve())})


def _decode(args: Namespace) -> int:
    from scanner_client.decode_command import dumped, run  # noqa: PLC0415
    from scanner_client.vision.wanted import Wanted  # noqa: PLC0415

    failed = False
    for line in run(args.paths, wanted=Wanted.parse(args.formats)):
        failed = failed or "error" in line
        print(dumped(line), flush=True)
    return 1 if failed else 0


def _parse(_: Namespace) -> int:
    from scanner_client.parse_command import run  # noqa: PLC0415

    # Bytes that are no UTF-8 become one refused line; surrogates keep the others whole.
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    for line in run(sys.stdin):
        print(line)
    return 0


def _performed(args: Namespace, request: dict[str, Any]) -> dict[str, Any]:
    from scanner_client.commands import perform  # noqa: PLC0415

    return perform(args.home, request)


def _said(args: Namespace, request: dict[str, Any]) -> int:
    outcome = _performed(args, request)
    if outcome["ok"]:
        print(outcome["text"])
    return _exit_code(outcome)


def _exit_code(outcome: dict[str, Any]) -> int:
    if not outcome["ok"]:
        print(outcome["text"], file=sys.stderr)
    return 0 if outcome["ok"] else 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="scanner_client", description="One handheld or packing station.")
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[Namespace], int], text: str) -> ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        home = Path(os.environ.get(HOME_VARIABLE) or Path.home() / ".scanner")
        added.add_argument("--home", type=Path, default=home, help="the handheld's own folder")
        added.add_argument(
            "--language", choices=languages(), help=f"what it speaks (default {LANGUAGE_VARIABLE}, or en)"
        )
        added.set_defaults(run=run, refuse=added.error)
        return added

    enrol = command("enrol", _enrol, "Make this handheld and a server known to each other.")
    how = enrol.add_mutually_exclusive_group(required=True)
    how.add_argument("--code", help="the text of the enrolment code")
    how.add_argument("--source", help="camera:0, a picture or a video that shows the code")
    enrol.add_argument("--name", help="what people call this handheld")

    _add_scan_options(command("scan", _scan, "Read labels and keep what they say."))
    command("sync", _sync, "Send what waits and fetch the news, now.")
    status = command("status", _status, "Say how the queue and the data stand.")
    status.add_argument("--json", dest="as_json", action="store_true", help="as one line of JSON")
    decode = command("decode", _decode, "Say what stands in pictures and videos.")
    decode.epilog = (
        "Exit code: 1 if any picture or video could not be used, or not whole (its line has `error`), else 0."
    )
    decode.add_argument("--json", action="store_true", help="lines of JSON (there is no other form)")
    _add_format_option(decode)
    decode.add_argument("paths", nargs="+", metavar="PATH")
    parse = command("parse", _parse, "Say what barcodes mean: JSON lines in, JSON lines out.")
    parse.add_argument("--json", action="store_true", help="lines of JSON (there is no other form)")
    export = command("export", _export, "Write what waits to one signed file.")
    export.add_argument("path", type=Path)
    import_ = command("import", _import, "Take in another handheld's file and hand it on at the next sync.")
    import_.add_argument("path", type=Path)
    return parser


def _add_scan_options(scan: ArgumentParser) -> None:
    scan.add_argument("--action", help="receive, put_away, count, pick, pack, ship and others; or chosen on the page")
    scan.add_argument(
        "--page", type=int, nargs="?", const=0, metavar="PORT", help="show the work in this machine's browser as well"
    )
    scan.add_argument("--source", default="-", help="camera:0, a video, a picture, a folder, or - for typing (default)")
    _add_format_option(scan)
    scan.add_argument("--document", help="ASN, order or count, such as ASN-1001")
    scan.add_argument("--location", help="where the work begins: a location's code or label")
    scan.add_argument("--container", help="the carton in hand: its label")
    scan.add_argument("--from", dest="origin", help="where products without serial numbers are taken from")
    scan.add_argument("--operator", help="who scans")
    scan.add_argument("--condition", help="what state the units are in, such as damaged")
    scan.add_argument("--reason", help="why all of it is done, for what needs one: quarantine, clear, parcel_back")
    scan.add_argument("--quantity", type=int, default=1, help="pieces that the next product or lot counts")
    scan.add_argument(
        "--save-picture", type=_picture, metavar="PATH", help="write the marked picture here at the end, as PNG or JPEG"
    )
    scan.add_argument(
        "--evidence", dest="evidence_mb", type=_megabytes, default=EVIDENCE_MB, metavar="MB",
        help=f"keep a picture of each label read by camera, so many megabytes at most (default {EVIDENCE_MB}; 0: none)",
    )  # fmt: skip
    scan.add_argument(
        "--json", dest="as_json", action="store_true", help="a line of JSON for each event, once it is kept"
    )


def _add_format_option(command: ArgumentParser) -> None:
    command.add_argument(
        "--format", dest="formats", action="append", default=[], metavar="NAME[:LENGTH]",
        help="read only this format, such as DataMatrix, ITF:14 or Code128:8-20; once for each (default: every one)",
    )  # fmt: skip


def _picture(text: str) -> Path:
    from scanner_client.vision.mark import PICTURE_ENDINGS  # noqa: PLC0415
    from scanner_client.wording import say  # noqa: PLC0415

    path = Path(text)
    if path.suffix.lower() not in PICTURE_ENDINGS:
        raise ArgumentTypeError(say("command.no_picture_name", path=path, endings=", ".join(PICTURE_ENDINGS)))
    return path


def _megabytes(text: str) -> int:
    if not text.isdecimal() or int(text) > EVIDENCE_MB_MAX:
        raise ArgumentTypeError(f"{text!r} is no number of megabytes from 0 to {EVIDENCE_MB_MAX}.")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
