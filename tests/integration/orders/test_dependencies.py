"""What customers are told while something that orders needs is away."""

from pathlib import Path

import httpx
import psycopg

from tests.processes import Service, eventually, free_ports, running


def test_while_the_partner_is_down_it_is_said_at_once_and_lasts_no_longer(
    database: str, tmp_path: Path, services: dict[str, Service]
) -> None:
    (port,) = free_ports(1)
    with running(["orders"], database, tmp_path, {"orders": {"PARTNER_URL": f"http://127.0.0.1:{port}"}}) as lonely:
        orders = lonely["orders"]
        with httpx.Client(base_url=orders.url, timeout=30) as client:
            page = client.get("/accounts/a-1/orders")
            export = client.post("/exports", json={"accounts": ["a-1", "a-2"]})
            for response in (page, export):
                unavailable(response)
                assert "partner could not be reached" in response.json()["detail"]
            assert client.get("/accounts/a-501/orders").status_code == 404
        failed = orders.sample("http_client_request_duration_seconds_count", status="error")
        assert failed == 2, "it does not go on asking"


def test_when_the_database_dropped_every_connection_history_comes_back_by_itself(
    client: httpx.Client, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    unavailable(client.get("/accounts/a-1/orders"))

    def back() -> bool:
        # More pages than the pool has connections: none of the dead ones is left.
        return all(client.get("/accounts/a-1/orders?limit=1").status_code == 200 for _ in range(10))

    eventually(back, "the order history is back")


def unavailable(response: httpx.Response) -> None:
    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
