import pytest
from pydantic import ValidationError

from loadgen.customers import Customers
from loadgen.settings import Settings
from loadgen.timetable import Burst


@pytest.mark.parametrize("name", list(Settings().profiles))
def test_every_stream_names_something_that_customers_do(name):
    for stream in Settings().profiles[name].streams():
        assert callable(getattr(Customers, stream.action))


def test_the_environment_sets_a_figure_and_leaves_the_rest(monkeypatch):
    monkeypatch.setenv("FLASH_SALE__SIZE", "24")
    flash_sale = Settings().flash_sale
    assert flash_sale.streams() == [Burst("checkout", 24, flash_sale.interval_s)]


@pytest.mark.parametrize("figures", [{"size": 0}, {"size": "many"}, {"sizes": 3}, {"interval_s": -1}])
def test_figures_out_of_range_are_refused(figures):
    flash_sale = Settings().flash_sale
    with pytest.raises(ValidationError):
        type(flash_sale).model_validate({**flash_sale.model_dump(), **figures})


def test_lines_out_of_order_are_refused():
    with pytest.raises(ValidationError, match="above max_lines"):
        Settings(healthy={"charging": {"min_lines": 9}})
