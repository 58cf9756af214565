"""What is being resolved: the declaration, its fleet, what we know, and the two first choices."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.catalog.catalog import Catalog, Retired, Unknown
from reconciler.catalog.gpu import InstanceType
from reconciler.catalog.preset import Preset
from reconciler.domain.accepted import Accepted, accepted
from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.config import Declared
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.fleet import KAITO_REGISTRY, Fleet
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.workspace import BYPASS_RESOURCE_CHECKS, RUNTIME, Workspace

from .blueprint import Runtime
from .names import LONGEST_WORKLOAD

_NOT_CHOSEN = Option("")


@dataclass(frozen=True, slots=True)
class Subject:
    """One declaration and all it is resolved with. `preset` is None for a person's own pod template.

    `option` is the way its nodes are had; `others` are further sizes Karpenter may choose from by itself.
    """

    declared: Declared
    fleet: Fleet
    catalog: Catalog
    runtime: Runtime
    preset: Preset | None
    option: Option = _NOT_CHOSEN
    others: tuple[InstanceType, ...] = ()

    @property
    def manifest(self) -> Workspace:
        """The workspace as committed."""
        return self.declared.manifest

    @property
    def name(self) -> WorkspaceName:
        """The workspace's name."""
        return self.declared.name

    @property
    def model(self) -> Preset:
        """The preset, where there must be one."""
        assert self.preset is not None
        return self.preset

    @property
    def is_bypassing_checks(self) -> bool:
        """Whether a person took the memory arithmetic upon themselves; the annotation's presence says so."""
        return BYPASS_RESOURCE_CHECKS in self.manifest.annotations

    @property
    def provisioner(self) -> str:
        """What makes the nodes: a Fleet's word, or `own` where they were there before."""
        if self.option.capacity_type is CapacityType.OWN:
            return "own"
        return self.fleet.spec.node_provisioner

    @property
    def accepted(self) -> Accepted:
        """The machines its owner accepts."""
        return accepted(self.manifest, self.fleet)

    @property
    def may_be_spot(self) -> bool:
        """Whether its machines may turn out to be spot ones."""
        if self.provisioner == "karpenter":
            return CapacityType.SPOT in self.accepted.capacity_types
        return self.option.capacity_type is CapacityType.SPOT

    @property
    def is_towline(self) -> bool:
        """Whether Towline's own containers do the work. A person's template is nobody's but theirs."""
        return self.fleet.spec.runtime == "towline" and self.runtime is not Runtime.TEMPLATE

    @property
    def on_processors(self) -> bool:
        """Whether it runs without a GPU, which Towline's containers alone can."""
        return self.is_towline and self.manifest.wants_processors

    def own_image(self, use: str) -> str:
        """Towline's image for serving or tuning, which lies where the Fleet says."""
        return f"{self.fleet.spec.image_registry.rstrip('/')}/{self.catalog.images[f'towline_{use}'].image}"

    def image(self, use: str) -> str:
        """The catalog's image for that use, from the fleet's registry where it mirrors KAITO's."""
        return self.mirrored(self.catalog.images[use].image)

    def mirrored(self, image: str) -> str:
        """The same image in the fleet's registry, where KAITO's own registry holds it by default."""
        if not image.startswith(KAITO_REGISTRY):
            return image
        return self.fleet.spec.image_registry.rstrip("/") + image.removeprefix(KAITO_REGISTRY)

    def error(self, field: str, message: str, mend: str) -> Finding:
        """A mistake that holds this workspace back."""
        return self._finding(field, message, mend, Severity.ERROR)

    def warning(self, field: str, message: str, mend: str) -> Finding:
        """A mistake that is only told."""
        return self._finding(field, message, mend, Severity.WARNING)

    def _finding(self, field: str, message: str, mend: str, severity: Severity) -> Finding:
        place = self.declared
        return Finding(place.file, place.line, 1, field, message, mend, severity, place.name)


def read_subject(declared: Declared, fleet: Fleet, catalog: Catalog) -> Subject | Finding:
    """The declaration with its runtime and preset found, or why it has none."""
    runtime = _runtime(declared.manifest, fleet)
    subject = Subject(declared, fleet, catalog, runtime, None)
    if len(declared.name.name) > LONGEST_WORKLOAD:
        return subject.error(
            "metadata.name",
            f"the name has {len(declared.name.name)} characters; its pods can be labelled up to "
            f"{LONGEST_WORKLOAD}",
            "Choose a shorter name",
        )
    if runtime is Runtime.TEMPLATE:
        return subject
    return _with_preset(subject)


def _runtime(manifest: Workspace, fleet: Fleet) -> Runtime:
    if manifest.tuning:
        return Runtime.TUNING
    if manifest.inference and manifest.inference.template is not None:
        return Runtime.TEMPLATE
    asked = manifest.annotations.get(RUNTIME)
    if fleet.spec.runtime == "towline" and manifest.wants_processors:
        return Runtime.TRANSFORMERS
    if asked == Runtime.TRANSFORMERS or not fleet.spec.feature_gates.vllm:
        return Runtime.TRANSFORMERS
    return Runtime.VLLM


def _with_preset(subject: Subject) -> Subject | Finding:
    section = "tuning" if subject.runtime is Runtime.TUNING else "inference"
    if subject.manifest.preset is None:
        return subject.error(f"{section}.preset", "no preset is named", "Name a model of the catalog")
    field = f"{section}.preset.name"
    match subject.catalog.preset(subject.manifest.preset.name):
        case Preset() as preset:
            return _runnable(subject, preset, field)
        case Retired() as retired:
            mend = f"Use {retired.instead}"
            return subject.error(field, f"{retired.name} is no longer a preset: {retired.reason}", mend)
        case Unknown(is_hub_name=True) as unknown:
            message = f"{unknown.name} is not in the catalog and its facts were not read from Hugging Face"
            return subject.error(field, message, "See that the repository exists and can be reached")
        case unknown:
            near = ", ".join(unknown.nearest) or "a model of the catalog"
            return subject.error(field, f"{unknown.name} is not a preset", f"Did you mean {near}?")


def _runnable(subject: Subject, preset: Preset, field: str) -> Subject | Finding:
    runtime = subject.runtime
    if runtime is Runtime.TUNING and not _is_tunable(subject, preset):
        return _not_tunable(subject, preset, field)
    if runtime is Runtime.TRANSFORMERS and preset.transformers is None and not subject.on_processors:
        message = f"{preset.short_name} does not run on Hugging Face Transformers"
        return subject.error(field, message, f"Remove the annotation {RUNTIME}: vLLM serves it")
    return replace(subject, preset=preset)


def _not_tunable(subject: Subject, preset: Preset, field: str) -> Finding:
    able = sorted(each.short_name for each in subject.catalog.presets if _is_tunable(subject, each))
    message, mend = f"{preset.short_name} cannot be fine-tuned", f"hoose one of {', '.join(able)}"
    if preset.tuning is None:
        return subject.error(field, message, f"C{mend}")
    message += " by KAITO's container: KAITO keeps no weights of it"
    return subject.error(field, message, f"Set spec.runtime: towline in towline.yaml, or c{mend}")


def _is_tunable(subject: Subject, preset: Preset) -> bool:
    """KAITO's image reads the base model from an artifact, ours from where serving does."""
    return preset.tuning is not None and (subject.is_towline or preset.tuning.weights_image is not None)
