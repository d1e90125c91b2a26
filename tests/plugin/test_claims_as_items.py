"""Claims as items of pytest: by threshold and parameter, beside ordinary tests, and where there are none."""

from plugin_projects import claim_text, results, run


def test_thresholds_of_one_claim_are_items_of_their_own_on_shared_measurements(project):
    text = '''
calls = []
@declared(effect_at_least={"direction": 0.02, "size": 0.6})
def test_it_lowers(policy, mazes):
    """It lowers."""
    calls.append((policy._edit_transform, mazes[0].seed))
    assert len(calls) == len(set(calls)), "measured twice"
    return noisy(policy, mazes, 0.4)
'''
    entries = results(project(text))
    verdicts = {claim.partition("[")[2]: entry["verdict"] for claim, entry in entries.items()}
    assert verdicts == {"direction]": "supported", "size]": "refuted"}


def test_ordinary_tests_beside_claims_still_run(project):
    result = run(project(claim_text(0.5) + "\ndef test_plain(policy):\n    assert policy.name == 'one'\n"))
    result.stdout.fnmatch_lines(["*2 passed*"])


def test_parametrised_claims_are_claims_of_their_own(project):
    text = """
@pytest.mark.parametrize("layer", ["early", "late"])
@declared(effect_at_least={"direction": 0.02, "size": 0.3})
def test_sweep(policy, mazes, layer):
    'It works at a layer.'
    return noisy(policy, mazes, {"early": 0.6, "late": -0.6}[layer])
"""
    entries = {name.split("::")[1]: entry["verdict"] for name, entry in results(project(text)).items()}
    assert entries == {
        "test_sweep[early-direction]": "supported",
        "test_sweep[early-size]": "supported",
        "test_sweep[late-direction]": "refuted",
        "test_sweep[late-size]": "refuted",
    }


def test_a_run_without_claims_keeps_the_results_of_an_earlier_one(project):
    testdir = project(claim_text(0.5))
    before = results(testdir)
    assert results(testdir, "-k", "nosuch") == before


def test_a_claim_with_a_function_among_its_parameters_is_named_after_it(project):
    head = "def twice(x):\n    return 2 * x\n\n@pytest.mark.parametrize('change', [twice])"
    text = claim_text(0.5).replace("(policy, mazes)", "(policy, mazes, change)").replace("0.5)", "change(0.25))")
    testdir = project(head + text)
    (name,) = results(testdir)
    assert name == "claims/test_some_claims.py::test_the_effect_is_large[twice]"
