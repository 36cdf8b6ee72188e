"""Writes every dashboard to dashboards/json/<uid>.json, from where Grafana and the war room take them."""

from pathlib import Path

from dashboards import books, checkout, lab, orders, overview
from dashboards.board import Board, render

BOARDS: tuple[Board, ...] = (overview.BOARD, books.BOARD, checkout.BOARD, orders.BOARD, lab.BOARD)
FOLDER = Path(__file__).parent / "json"


def main() -> None:
    for board in BOARDS:
        (FOLDER / f"{board.uid}.json").write_text(render(board))


if __name__ == "__main__":
    main()
