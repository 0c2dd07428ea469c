"""ModelInfo: everything that is known about a loaded model and identifies it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from foreseen.domain.identity.instance_encoding import ALL_VALUES, InstanceEncoding
from foreseen.domain.identity.key import Fingerprint, KeyRecipe, Namespace, namespace
from foreseen.domain.model.call_size import ANY_SIZE, CallSize
from foreseen.domain.model.determinism import UNIFORM, Determinism
from foreseen.domain.model.engine_use import THE_LIBRARY, EngineUse
from foreseen.domain.model.loaded_format import NO_FILE, LoadedFormat
from foreseen.domain.model.model_input import A_MATRIX, ModelInput
from foreseen.domain.values.output import Output
from foreseen.domain.values.signature import Signature


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a loaded model is; two that are equal give every instance the same bytes.

    A replaced process, another worker and a resumed run compare all of it, not the fingerprint alone.

    Attributes:
        fingerprint: digest of the file, the libraries that compute, the user's own code and how the model is called.
        signature: what it takes and what kind of answer it gives.
        outputs: what its answers contain, in order.
        versions: of the libraries that compute its answers, by name; part of the fingerprint.
        call_size: how many rows a call of the model has; part of the fingerprint.
        encoding: what of an instance its key is made of; part of the namespace.
        determinism: whether a few calls at load gave the same answers.
        model_input: the form in which it is given its instances; part of the fingerprint.
        is_thread_safe: whether several threads may call it at once.
        loaded_from: the format of its file; part of no digest.
        engine: what else computes its answers, with the same bits as its library; part of no digest.
    """

    fingerprint: Fingerprint
    signature: Signature
    outputs: tuple[Output, ...]
    versions: Mapping[str, str]
    call_size: CallSize = ANY_SIZE
    encoding: InstanceEncoding = ALL_VALUES
    determinism: Determinism = field(default=UNIFORM, compare=False)
    model_input: ModelInput = field(default=A_MATRIX, compare=False)
    is_thread_safe: bool = field(default=False, compare=False)
    loaded_from: LoadedFormat = field(default=NO_FILE, compare=False)
    engine: EngineUse = field(default=THE_LIBRARY, compare=False)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The names of its outputs, as they were chosen."""
        return tuple(output.name for output in self.outputs)

    @property
    def namespace(self) -> Namespace:
        """The digest under which its answers are cached."""
        return namespace(self.fingerprint, self.signature, self.output_names, self.encoding)

    @property
    def key_recipe(self) -> KeyRecipe:
        """How its instances become keys, the same in every process; built each time, to be kept."""
        return KeyRecipe(self.namespace, self.signature, self.encoding)

    def difference(self, other: "ModelInfo") -> str:
        """Return the first thing that differs in another, "expected …, got …"; empty if they are equal."""
        for name in ("fingerprint", "signature", "outputs", "versions", "call_size", "encoding"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                return f"expected {name.replace('_', ' ')} {_shown(mine)}, got {_shown(theirs)}"
        return ""


def _shown(fact: object) -> str:
    if isinstance(fact, bytes):
        return fact.hex()
    if isinstance(fact, tuple):
        return str(tuple(output.name for output in fact))
    return str(fact)
