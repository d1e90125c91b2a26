"""Starting and ending: the port, what is printed, the exit status."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest
from shown_policies import MANIFEST, SMALL

from interp_claims.cli import main
from interp_claims.explore import ServingError, serving
from interp_claims.explore.serving import listen, url_of

#: Can be interrupted even where the tests are not, and starts without what only the explorer needs.
INTERRUPTIBLE = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from interp_claims.cli import main; assert not {'flask', 'werkzeug'} & set(sys.modules); "
    "sys.exit(main(sys.argv[1:]))"
)


def test_the_address_to_open_is_one_of_this_machine():
    for host, expected in (("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:")):
        with listen(host, 0) as listening:
            assert url_of(listening, host) == f"{expected}{listening.getsockname()[1]}/"


def test_a_port_in_use_is_said_to_be():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(ServingError) as error:
            listen("127.0.0.1", port)
    wanted = f"port: got {port}, which is in use on 127.0.0.1, wanted a free one; choose another with --port"
    assert str(error.value) == wanted


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_is_not_this_machine_is_said_not_to_be(host, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror("Name or service not known")

    if " " in host:
        monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(
        ServingError, match=f"^host: got '{host}' .*, wanted an address of this machine; use 127.0.0.1$"
    ):
        listen(host, 0)


def explore(*arguments):
    return ["explore", "--manifest", str(MANIFEST), "--no-browser", *arguments]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--policy", "nothing.pth"], "interp-claims: policy 'nothing.pth': neither a checkpoint file"),
        (["--device", "tpu"], "interp-claims: device: got 'tpu', wanted cpu, cuda or cuda:N"),
    ],
)
def test_wrong_usage_ends_with_status_2(capsys, arguments, expected):
    assert main(explore(*arguments)) == 2
    assert capsys.readouterr().err.startswith(expected)


def test_a_port_in_use_ends_with_status_2(capsys):
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert main(explore("--port", str(port))) == 2
    assert f"port: got {port}, which is in use" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_what_is_no_port_is_refused(capsys, port):
    with pytest.raises(SystemExit) as ended:
        main(explore(f"--port={port}"))
    assert ended.value.code == 2
    assert f"got '{port}', wanted a port from 0 to 65535" in capsys.readouterr().err


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["explore", "--help"])
    assert ended.value.code == 0
    assert "interp-claims explore --policy my_checkpoint.pth" in capsys.readouterr().out


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_what_is_printed_and_that_others_are_warned_of(monkeypatch, capsys, host):
    class Explorer:
        closed = False

        def close(self):
            Explorer.closed = True

    class Server:
        port = 1234

        def serve_forever(self):
            return

    monkeypatch.setattr(serving, "make_server", lambda *_, **__: Server())
    monkeypatch.setattr(serving, "_warm_up", lambda explorer: None)
    with pytest.raises(KeyboardInterrupt):
        serving.serve(Explorer(), host=host, port=0, browser=False)
    said = capsys.readouterr()
    assert said.out.startswith("interp-claims: the explorer is at http://127.0.0.1:")
    warning = "interp-claims: it listens on 0.0.0.0, so anyone who can reach port 1234 of this machine can use it: "
    assert said.err.startswith(warning) if host == "0.0.0.0" else said.err == ""
    assert Explorer.closed


def test_it_answers_until_ctrl_c_and_ends_with_status_130():
    command = [sys.executable, "-c", INTERRUPTIBLE, *explore("--port", "0", "--policy", SMALL)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[5]
            with urllib.request.urlopen(url) as page:
                assert page.status == 200
            headers = {"Content-Type": "application/json", "Origin": url.rstrip("/")}
            with urllib.request.urlopen(urllib.request.Request(f"{url}api/setup", b"{}", headers)) as answer:
                assert json.load(answer)["policies"][0] == SMALL
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert error == "interp-claims: the explorer has ended\n"
