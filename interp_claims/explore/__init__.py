"""The explorer: a local web page on which a maze and an edit are changed by hand and the policy's answers are seen.

``interp-claims explore`` starts it. The browser holds the state and puts all of it into the address; the server checks
it (:mod:`interp_claims.explore.state`) and answers with numbers at once and with the vector field as it is computed.
"""

from interp_claims.explore.explorer import Explorer
from interp_claims.explore.inputs import InputError
from interp_claims.explore.server import make_app
from interp_claims.explore.serving import ServingError, serve
from interp_claims.explore.state import EditChoice, State

__all__ = ["EditChoice", "Explorer", "InputError", "ServingError", "State", "make_app", "serve"]
