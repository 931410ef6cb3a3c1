import pytest

pytest.register_assert_rewrite("portal.tests.faults.run")
