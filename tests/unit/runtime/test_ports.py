import os
import socket

import pytest

from lab.errors import LabError
from lab.runtime.ports import Ports, holder, is_free, next_block, require_free


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


def test_a_taken_port_is_refused_with_who_holds_it():
    with pytest.raises(LabError, match=r"Port 8453, which checkout needs, is held by nginx \(pid 7\)"):
        require_free(Ports(8400), lambda port: port != 8453, lambda port: "nginx (pid 7)")


def test_free_ports_are_let_pass():
    require_free(Ports(8400), lambda port: True)


def test_the_holder_of_a_real_port_is_this_process():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
        assert holder(port).endswith(f"(pid {os.getpid()})")
    assert is_free(port)
