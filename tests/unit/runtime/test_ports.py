import os
import socket

import pytest

from lab.errors import LabError, UsageError
from lab.runtime import ports
from lab.runtime.ports import Holder, Ports, choose_base, is_free, listener, next_block, require_free


def test_the_block_is_the_one_in_the_documents():
    ports = Ports(8400)
    assert ports.main("warroom") == 8400
    assert ports.ops("partner") == 8457
    assert (ports.main("prometheus"), ports.main("alertmanager")) == (8490, 8493)
    assert len(ports.all()) == 22


def test_only_those_with_an_ops_server_have_an_ops_port():
    assert set(Ports(0).all()) == {*range(10), *range(50, 60), 90, 93}


def test_a_further_lab_gets_the_next_block_that_is_neither_recorded_nor_in_use():
    assert next_block(8400, [8400], lambda port: True) == 8500
    assert next_block(8400, [8400, 8550], lambda port: True) == 8700
    assert next_block(8400, [], lambda port: port != 8457) == 8500


def test_it_says_so_when_no_block_is_left():
    with pytest.raises(LabError, match="No free block"):
        next_block(8400, [], lambda port: False)


def test_containers_have_ports_for_postgres_grafana_and_jaeger_as_well():
    published = Ports(8400).published()
    assert (published["grafana"], published["postgres"], published["jaeger"]) == (8491, 8492, 8494)
    assert set(published.values()) - set(Ports(8400).all()) == {8491, 8492, 8494}
    assert next_block(8400, [], lambda port: port != 8492) == 8500


@pytest.mark.parametrize(
    ("name", "asked", "recorded", "others", "base"),
    [
        ("main", None, None, [], 8400),
        ("main", 9000, 8400, [8500], 9000),
        ("main", None, 8600, [8500], 8600),
        ("b", None, None, [8400], 8500),
    ],
)
def test_the_base_is_asked_for_recorded_or_the_next_free_one(monkeypatch, name, asked, recorded, others, base):
    monkeypatch.setattr(ports, "next_block", lambda first, recorded: first + 100 * len(recorded))
    assert choose_base(name, asked, recorded, others) == base


@pytest.mark.parametrize("asked", [80, 65_500])
def test_a_base_out_of_range_is_refused(asked: int):
    with pytest.raises(UsageError, match="take a base from 1024 to 65000"):
        choose_base("main", asked, None, [])


@pytest.mark.parametrize(
    ("holder", "advice"),
    [
        (Holder("nginx (pid 7)"), r"nginx \(pid 7\): end that process, or take other ports with .* --port-base 8500"),
        (Holder("lab-checkout (pid 7) of lab b", "b"), r"of lab b: end that lab with labctl down --name b, or"),
    ],
)
def test_a_taken_port_is_refused_with_who_holds_it(holder: Holder, advice: str):
    with pytest.raises(LabError, match=f"Port 8453, which checkout needs, is held by .*{advice}"):
        require_free(Ports(8400).all(), 8400, lambda port: holder, lambda port: port != 8453)


def test_free_ports_are_let_pass():
    require_free(Ports(8400).all(), 8400, lambda port: pytest.fail("asked"), lambda port: True)


def test_the_listener_on_a_real_port_is_this_process():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert listener(port).pid == os.getpid()
    assert is_free(port) and listener(port) is None
