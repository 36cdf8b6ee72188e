"""Every service against its own document."""

import pytest
from schemathesis import GenerationMode

from tests.integration.fuzz.fuzzing import fuzz
from tests.processes import Service

modes = pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)


@modes
@pytest.mark.parametrize("name", ["partner", "promotions", "inventory", "checkout", "orders", "warroom"])
def test_a_service_answers_as_its_document_says(
    company: dict[str, Service], name: str, mode: GenerationMode, token: str
) -> None:
    fuzz(company[name], mode, token=token if name == "warroom" else "")


@modes
def test_the_processor_answers_as_its_document_says(other_processor: Service, mode: GenerationMode) -> None:
    fuzz(other_processor, mode)
