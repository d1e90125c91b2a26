"""What all tests share: a cache folder of their own, so that the user's is never touched."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("INTERP_CLAIMS_CACHE", str(folder))
        yield folder
