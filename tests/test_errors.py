"""Errors tell what was given, but no password in it."""

from __future__ import annotations

import pytest

from cs_ml.errors import ConfigError, Fault, TableError

GIVEN = ["postgresql://me:s3cret@host/book", "postgresql+psycopg://me:s3@cret@host", "here/postgresql:/me:s3cret@host"]


@pytest.mark.parametrize("url", GIVEN)
def test_a_url_taken_for_something_else_shows_no_password(url):
    fault = Fault(url, "a folder", f"[{url!r}]", hint=f"see {url}")
    for error in (TableError(fault), TableError([fault, fault]), ConfigError(f"c.yaml:2:1: got {url}"), fault):
        assert "cret" not in str(error)
        assert "host" in str(error)


def test_other_texts_stay_as_they_are():
    text = "out/a.csv:3: expected taro@example.com at https://example.com/a:b, found 10:30"
    assert str(TableError(text)) == text
