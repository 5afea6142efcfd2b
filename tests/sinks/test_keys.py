"""Keys of the API as they are kept."""

from typing import Any

import pytest
import sqlalchemy as sa

from sinks.keys import KeyProblemError, create_key, digest_of, revoke_key, stored_keys

Contents = Any


def test_a_secret_is_given_out_once_and_kept_nowhere(engine: sa.Engine, contents: Contents) -> None:
    with engine.begin() as connection:
        key, secret = create_key(connection, "desk", "write", 7)
    assert (key.sha256, key.created_ns, key.revoked_ns) == (digest_of(secret), 7, None)
    assert contents(engine)["api_keys"] == [(key.id, "desk", digest_of(secret), "write", 7, None)]
    assert secret.split("_", 2)[2] not in repr(contents(engine))


def test_a_name_has_two_active_keys_at_most_so_that_one_replaces_the_other(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        old, _ = create_key(connection, "desk", "read", 1)
        create_key(connection, "desk", "read", 2)
        create_key(connection, "other", "read", 2)
        with pytest.raises(KeyProblemError, match=rf"desk has 2 active keys \({old.id}, .*\); revoke one first"):
            create_key(connection, "desk", "write", 3)
        revoke_key(connection, old.id, 4)
        newest, _ = create_key(connection, "desk", "read", 5)
        assert [(key.name, key.revoked_ns) for key in stored_keys(connection) if key.name == "desk"] == [
            ("desk", 4),
            ("desk", None),
            ("desk", None),
        ]
        assert stored_keys(connection)[-1] == newest


def test_revoking_twice_keeps_the_first_time(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        key, _ = create_key(connection, "desk", "read", 1)
        revoke_key(connection, key.id, 2)
        revoke_key(connection, key.id, 3)
        assert [each.revoked_ns for each in stored_keys(connection)] == [2]


@pytest.mark.parametrize(
    ("name", "scope", "said"),
    [
        ("", "read", "name: got ''"),
        ("a b", "read", "name: got"),
        ("x" * 65, "read", "name: got"),
        ("a", "all", "scope"),
    ],
)
def test_a_key_that_cannot_be_made_is_refused_by_field(engine: sa.Engine, name: str, scope: str, said: str) -> None:
    with engine.begin() as connection:
        with pytest.raises(KeyProblemError, match=said):
            create_key(connection, name, scope, 1)
        with pytest.raises(KeyProblemError, match="no key 'none'"):
            revoke_key(connection, "none", 1)
        assert stored_keys(connection) == []
