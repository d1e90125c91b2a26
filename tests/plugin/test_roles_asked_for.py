"""--roles: channels that are found, published or given by number."""

import shlex

from plugin_projects import claim_text, results, run


def test_published_roles_are_asked_for_by_an_option_and_are_claims_of_their_own(project):
    text = """
@declared(effect_at_least={"direction": 0.02, "size": 0.9})
def test_roles(policy, mazes):
    'It has published roles.'
    return noisy(policy, mazes, 0.5 if policy.role_set == "published" else -0.5)
"""
    testdir = project(text)
    verdicts = {
        name.split("::")[1]: entry["verdict"] for name, entry in results(testdir, "--roles", "published").items()
    }
    assert verdicts == {
        "test_roles[published roles-direction]": "supported",
        "test_roles[published roles-size]": "refuted",
    }
    assert {entry["verdict"] for entry in results(testdir).values()} == {"refuted"}
    output = run(testdir, "--roles", "published").stdout.str()
    command = next(line.partition("replay     ")[2] for line in output.splitlines() if "replay     " in line)
    assert " --roles published --replay " in command
    replayed = testdir.runpytest_inprocess("-p", "no:cacheprovider", *shlex.split(command)[1:])
    assert replayed.ret == 0
    replayed.stdout.fnmatch_lines(["measured  *+0.*", "*1 replayed*"])


def test_a_narrow_policy_without_the_published_channels_is_not_evaluated(project):
    text = """
@declared(effect_at_least=0.2)
def test_roles(policy, mazes):
    'Needs a role.'
    from interp_claims.policies import roles_of
    return noisy(policy, mazes, len(roles_of(policy).cheese_channels) / 20)
"""
    (entry,) = results(project(text), "--roles", "published").values()
    assert entry["verdict"] == "not evaluated"
    assert entry["reason"].startswith(
        "RoleError: roles: embedder.block2.res1.resadd_out of one has 32 channels, wanted"
    )


def test_roles_are_found_published_or_given_by_number(project):
    result = run(project(claim_text(0.5)), "--roles", "mine")
    assert result.ret == 4
    wanted = "roles: got 'mine', wanted discovered, published, or different channels such as 17,3"
    assert wanted in result.stderr.str()


def test_cheese_channels_may_be_given_by_number(project):
    testdir = project(
        """
@declared(effect_at_least=0.2, null_controls=(Control("hidden", lambda policy, mazes: policy.seeing(repr)),))
def test_the_channels_are_those_given(policy, mazes):
    \"\"\"The cheese channels are those that were asked for.\"\"\"
    from interp_claims.policies import roles_of
    as_asked = roles_of(policy).cheese_channels == (7, 3) and policy._seen is None
    return np.full(len(mazes), 0.5 if as_asked else -0.5)
"""
    )
    entries = results(testdir, "--roles", "7,3")
    (entry,) = entries.values()
    assert (entry["verdict"], entry["claim"].split("::")[1]) == (
        "supported",
        "test_the_channels_are_those_given[channels 7,3]",
    )
