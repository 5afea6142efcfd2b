"""The resume machine in short; `fancy-trader bench resume` goes on for ten thousand steps."""

from tests.bench.resume import run


def test_a_client_hears_the_log_whatever_becomes_of_it_and_of_the_server() -> None:
    assert run(examples=3, steps_each=25) >= 30
