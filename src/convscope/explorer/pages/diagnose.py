"""What may be amiss with the network: ranked evidence, each with the channels that show it and with its check."""

from urllib.parse import quote

from convscope.atlas import layout
from convscope.diagnosis.run import diagnose
from convscope.diagnosis.symptoms import KINDS, Diagnosis, Symptom
from convscope.errors import UnknownName
from convscope.explorer.addresses import layer_page, why_pages
from convscope.explorer.channels import place_of
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site

CASES_SHOWN, LAYERS_SHOWN = 8, 10  # channels of a symptom, symptoms of a kind; the table has all
# how the page of a layer is asked for all channels of a symptom
QUESTIONS = {
    "dead": "f=dead:yes", "always-on": "f=positive>=.99", "one-class": "f=sel>=.8 dead:no&sort=sel", "shortcut": "f=sel>=.5 dead:no&sort=sel",
}  # fmt: skip


def _write(site: Site, asked: Asked) -> str:
    kind, found = asked.query.get("kind") or None, _found(site)
    if kind is not None and kind not in KINDS:
        raise UnknownName("kind of symptom", kind, KINDS)
    whys = {pair: address for address, pair in why_pages(site.atlas).items()}
    return site.render(
        "diagnose.html", 1, found=found, kinds=KINDS, kind=kind, counts=found.counts(), ordered=_ordered(found),
        evidence=_evidence, place=place_of, whys=whys, cases_shown=CASES_SHOWN, layers_shown=LAYERS_SHOWN,
    )  # fmt: skip


def _found(site: Site) -> Diagnosis:
    """Read off once: of an atlas that is explored only the answers to why change."""
    atlas = site.atlas
    whys = tuple(layout.why_file(atlas.path, *pair).stat().st_mtime_ns for pair in atlas.whys())
    found = site.diagnoses.get(whys) or diagnose(atlas)
    site.diagnoses = {whys: found}
    return found


def _ordered(found: Diagnosis) -> list[str]:
    """Kinds by their gravest symptom, then those that were looked for and not found."""
    seen = dict.fromkeys(symptom.kind for symptom in found.symptoms)
    return [*seen, *(kind for kind in KINDS if kind not in seen)]


def _evidence(symptom: Symptom) -> tuple[str, str]:
    """(address, question) of the page that shows all channels of a symptom."""
    return layer_page(symptom.layer), quote(QUESTIONS.get(symptom.kind, ""), safe="=&")


PAGE = Page("/diagnose/", _write, only("diagnose/"), nav="Diagnose")
