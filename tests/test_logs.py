"""Whatever is logged, by us or by an SDK, comes out once, in one form, and without a secret."""

import base64
import importlib
import io
import json
import logging
import re
import subprocess
import sys
import urllib.parse

import pytest
import structlog

from responder import logs
from responder.secret import Secret

VALUE = "log-canary/7Hd+J4gKf6MtVq2RxN9s"
SDK_LOGGERS = (
    "boto3",
    "botocore.auth",
    "github.Requester",
    "modal-client",
    "modal-utils",
    "urllib3.connectionpool",
)


@pytest.fixture(params=["human", "json"])
def log(request):
    yield from configured(request.param)


@pytest.fixture
def json_log():
    yield from configured("json")


def configured(log_format):
    """The stream of a configured log; afterwards the process's logging is as it was."""
    root = logging.getLogger()
    before = list(root.handlers)
    names = {name.split(".")[0] for name in SDK_LOGGERS} | set(logs._LIBRARIES)
    loggers = {name: logging.getLogger(name) for name in names}
    kept = {name: (type(one), one.level, list(one.handlers), one.propagate) for name, one in loggers.items()}
    stream = io.StringIO()
    logs.configure(log_format, stream, "debug")
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = before
    for name, (kind, level, handlers, propagate) in kept.items():
        loggers[name].__class__ = kind
        loggers[name].level, loggers[name].handlers, loggers[name].propagate = level, handlers, propagate


def records(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def fail(secret_text):
    local = secret_text  # noqa: F841  # for a traceback that shows locals
    raise ValueError(f"refused: {secret_text}")


@pytest.mark.parametrize(
    "write",
    [
        lambda: logs.get().info(f"got {VALUE}"),
        lambda: logs.get().info("got", value=VALUE, secret=Secret(VALUE)),
        lambda: logs.get().info("got", **{VALUE: 1}),
        lambda: logs.get().info("got", deep={"a": [{"b": (VALUE, {VALUE})}], VALUE: VALUE.encode()}),
        lambda: logs.get().info(
            "got", error=ValueError(VALUE), path={"x": RuntimeError(Secret(VALUE), VALUE)}
        ),
        lambda: logs.get().info("got", body=base64.b64encode(f"user:{VALUE}".encode()).decode()),
        lambda: logs.get().info("got", url=f"https://h/?t={urllib.parse.quote(VALUE, safe='')}"),
        lambda: logs.get().bind(token=VALUE).warning("got"),
        lambda: logging.getLogger("anything").warning("got %s", VALUE),
        lambda: logging.getLogger("anything").error("got", extra={"token": VALUE}),
        lambda: logging.getLogger("botocore.auth").error("Signature: %r", {"k": VALUE}),
    ],
)
def test_a_secret_is_in_no_part_of_a_line(log, write):
    Secret(VALUE)
    write()
    shown = log.getvalue()
    assert "got" in shown or "Signature" in shown
    assert VALUE not in shown
    assert "canary" not in shown
    assert base64.b64encode(VALUE.encode()).decode()[4:24] not in shown
    assert urllib.parse.quote(VALUE, safe="") not in shown


@pytest.mark.parametrize("logger", [logs.get, lambda: logging.getLogger("modal-client")])
def test_a_traceback_has_neither_secrets_nor_locals(log, logger):
    Secret(VALUE)
    unknown = "a value that nobody said is secret"
    try:
        fail(VALUE + unknown)
    except ValueError:
        logger().exception("it failed")
    shown = log.getvalue()
    assert "in fail" in shown
    assert "ValueError" in shown
    assert VALUE not in shown
    assert shown.count(unknown) == 1, "the exception's own text, and no locals"


def test_json_lines_have_a_level_and_a_time_with_microseconds_in_utc(json_log):
    logs.get().info("started", step="contain", count=3, ratio=0.5, ok=True, none=None)
    logging.getLogger("urllib3.connectionpool").warning("Retrying %s", 2)
    ours, theirs = records(json_log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", ours.pop("timestamp"))
    assert ours == {
        "event": "started",
        "level": "info",
        "step": "contain",
        "count": 3,
        "ratio": 0.5,
        "ok": True,
        "none": None,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", theirs.pop("timestamp"))
    assert theirs == {"event": "Retrying 2", "level": "warning", "logger": "urllib3.connectionpool"}


def test_human_lines_are_not_coloured_outside_a_terminal():
    for stream in configured("human"):
        logs.get().info("started", step="contain")
        assert stream.getvalue().endswith("[info     ] started step=contain\n")


@pytest.mark.parametrize("name", SDK_LOGGERS)
def test_sdks_are_heard_from_warnings_on_and_once(json_log, name):
    logger = logging.getLogger(name)
    logger.debug("body")
    logger.info("request")
    logger.warning("slow")
    assert [record["event"] for record in records(json_log)] == ["slow"]


def test_handlers_and_levels_that_sdks_bring_when_imported_do_not_count(json_log, capfd):
    import github  # noqa: PLC0415
    import modal._utils.logger  # noqa: PLC0415
    from modal._utils.logger import configure_logger  # noqa: PLC0415

    importlib.reload(github)
    importlib.reload(modal._utils.logger)
    configure_logger(logging.getLogger("modal-client"), "DEBUG", "STRING")
    for name in ("github", "github.Requester", "modal-client", "modal-utils"):
        logging.getLogger(name).info("a response's body")
        logging.getLogger(name).warning("from %s", name)
    assert [record["event"] for record in records(json_log)] == [
        "from github",
        "from github.Requester",
        "from modal-client",
        "from modal-utils",
    ]
    assert capfd.readouterr().err == ""


def test_the_last_configuration_counts(json_log):
    again = io.StringIO()
    logs.configure("json", again, "error")
    logs.get().warning("not asked for")
    logs.get().error("ours")
    logging.getLogger("botocore").warning("of a retry, which only who asks for detail is told")
    logging.getLogger("botocore").error("theirs")
    assert json_log.getvalue() == ""
    assert [record["event"] for record in records(again)] == ["ours", "theirs"]


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )


def test_a_log_that_was_never_configured_writes_redacted_lines_to_standard_error():
    done = run(
        "from responder import logs; from responder.secret import Secret;"
        f"Secret({VALUE!r}); logs.get().info('got ' + {VALUE!r})"
    )
    assert done.stdout == ""
    assert "got [secret]" in done.stderr


def test_a_log_that_nobody_writes_to_does_not_import_structlog():
    run("from responder import logs; logs.configure(); import sys; assert 'structlog' not in sys.modules")
