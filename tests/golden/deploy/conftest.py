"""What a probe compares is told, as in a test."""

import pytest

pytest.register_assert_rewrite("tests.golden.deploy.probes")
