"""From what a signal met on its way down to a label: a picture never bears the name of a method not applied."""

from convscope.model.backward import Descent, Rule
from convscope.model.layer import Layer
from convscope.model.model import Model
from convscope.model.operations import RECTIFIERS
from convscope.model.tape import INPUT, ancestors
from convscope.plain.validity import LABELS, Validity

METHODS: dict[Rule, str] = {
    "deconvnet": "deconvnet",
    "guided": "guided backpropagation",
    "gradient": "gradient",
}
COMPARISONS = {"gt", "ge", "lt", "le", "heaviside", "sign"}


def judge(model: Model, layer: Layer, descent: Descent, rule: Rule) -> Validity:
    """The validity of every map of ``layer`` under ``rule``, from its graph; dead units are judged one by one."""
    depends = ancestors(model.record.calls, layer.index)
    below = [model.record.calls[index] for index in sorted(depends - {INPUT})]
    recorded = sum(call.operation in RECTIFIERS for call in below)
    hidden = model.record.witnessed - model.record.rectifiers
    disguises = sorted(set(descent.disguised) | {c.operation for c in below if c.operation in COMPARISONS})
    found: dict[str, str] = {}
    treats = rule != "gradient"
    if not descent.reaches_pixels:
        found["refused"] = "no gradient leads from this layer to the pixels"
    if treats and descent.rectifiers == 0 and descent.gates and not descent.smooth:
        found["refused"] = f"there is no rectifier here to treat, only {', '.join(sorted(descent.gates))}"
    if treats and descent.rectifiers != recorded:
        found["partial"] = (
            f"{recorded} rectifiers were recorded below this layer but {descent.rectifiers} were reached"
        )
    if treats and hidden > 0:
        found["partial"] = f"{hidden} rectifiers are hidden in operations that cannot be seen into"
    if descent.opaque:
        found["partial"] = f"{', '.join(sorted(descent.opaque))} cannot be seen into"
    if treats and disguises:
        found["partial"] = f"{', '.join(disguises)} may hide a rectifier and kept the plain gradient"
    if descent.smooth and treats:
        found["extended"] = (
            f"{', '.join(sorted(descent.smooth))} treated like a rectifier, which the paper does not describe"
        )
    found |= _dependence(descent, rule)
    return _validity(found, descent, rule, len(below))


def _dependence(descent: Descent, rule: Rule) -> dict[str, str]:
    """How much of the image is left in the map at all."""
    linear = descent.rectifiers == 0 and not descent.smooth
    if descent.gates or not (rule == "deconvnet" or linear):
        return {}
    if descent.pools == 0:
        return {
            "image-independent": "no max-pool lies below, so every image gives this same map: it shows the unit, not the image"
        }
    if descent.pools == 1:
        return {"pool-only": "the map depends on the image only through the one max-pool below"}
    return {}


def _validity(found: dict[str, str], descent: Descent, rule: Rule, depth: int) -> Validity:
    labels = tuple(label for label in LABELS if label in found) or ("exact",)
    method = METHODS[rule]
    if rule == "gradient":
        head = f"{method}: autograd's own, nothing replaced"
    else:
        head = f"{method}: {descent.rectified} of {descent.rectifiers} rectifiers below treated"
    reasons = [found[label] for label in labels if label in found]
    sentence = "; ".join([head, *reasons]) + "."
    notes = tuple(f"{name}: its own gradient" for name in sorted(descent.gates))
    return Validity(labels[0], sentence, labels, descent.rectified, descent.rectifiers, notes)


def with_dead(validity: Validity, value: float) -> Validity:
    """The same label for a unit whose activation is not above zero: what is drawn did not happen here."""
    if value > 0:
        return validity
    sentence = (
        f"{validity.sentence} The unit is not above zero here ({value:.4g}): what it sees does not drive it."
    )
    labels = tuple(sorted({"dead", *validity.labels} - {"exact"}, key=LABELS.index))
    return Validity(labels[0], sentence, labels, validity.rectified, validity.rectifiers, validity.notes)
