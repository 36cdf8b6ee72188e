from correlation import path_of


def trace(*services: str, parents: list[int | None] | None = None) -> dict:
    """One span for each service, each the child of the one before it, or of `parents`."""
    parents = parents or [None, *range(len(services) - 1)]
    return {
        "processes": {f"p{n}": {"serviceName": name} for n, name in enumerate(services)},
        "spans": [
            {
                "spanID": str(n),
                "processID": f"p{n}",
                "references": [] if parent is None else [{"refType": "CHILD_OF", "spanID": str(parent)}],
            }
            for n, parent in enumerate(parents)
        ],
    }


def test_the_whole_path():
    assert path_of(trace("customers", "checkout", "checkout", "inventory", "promotions", "checkout"))


def test_a_path_that_ends_early():
    assert not path_of(trace("customers", "checkout", "inventory", "promotions"))


def test_the_right_services_in_another_shape():
    services = ("customers", "checkout", "inventory", "promotions", "checkout")
    assert not path_of(trace(*services, parents=[None, 0, 1, 1, 1]))
