"""Agreements: what was signed with a partner, as immutable versions made of charge components."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from billing.models.base import FrozenRow, PartnerRow
from billing.models.rate_cards import RateCard, half_open


class Agreement(PartnerRow):
    """One deal with one partner; its terms are its versions."""

    code = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=160)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class AgreementVersion(PartnerRow):
    """Terms in force during [valid_from, valid_to), approved by somebody else than their author.

    `terms` and the components are what rating reads (`billing.rules.terms_json`); the columns
    repeat what the database has to check or sort by, and a constraint keeps them equal. A trigger
    refuses every change but two: the decision (approved or declined, once) and an earlier end (an
    amendment begins). A version without a decision is a proposal.
    """

    agreement = models.ForeignKey(Agreement, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    kind = models.CharField(max_length=20)
    collects = models.CharField(max_length=10)
    currency = models.CharField(max_length=3)
    poc_ends_at = models.DateTimeField(null=True)
    partner_share_bps = models.PositiveIntegerField(default=0)
    retail_card = models.ForeignKey(RateCard, models.PROTECT, null=True, related_name="+")
    terms = models.JSONField()
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    approved_by = models.CharField(max_length=254, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    declined_by = models.CharField(max_length=254, blank=True, default="")
    declined_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "number"], name="agreement_version_no"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                name="agreement_version_has_a_span",
            ),
            models.CheckConstraint(
                condition=Q(partner_share_bps__lte=10_000), name="agreement_share_at_most_all"
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, approved_by="")
                | (Q(approved_at__isnull=False) & ~Q(approved_by="")),
                name="agreement_version_approval_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(approved_by=F("created_by")), name="agreement_version_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None) | Q(declined_at=None),
                name="agreement_version_one_decision",
            ),
            # By partner, not by agreement: two deals in force at once would bill one usage twice.
            ExclusionConstraint(
                name="agreement_versions_do_not_overlap",
                expressions=[
                    ("partner_id", RangeOperators.EQUAL),
                    (half_open("valid_from", "valid_to"), RangeOperators.OVERLAPS),
                ],
                condition=Q(approved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} v{self.number}"


class ChargeComponent(FrozenRow):
    """One way of charging inside a version; kind and terms as `billing.rules.terms_json` says."""

    version = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="components")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=20)
    terms = models.JSONField(default=dict)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "position"], name="component_position"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.version_id}"


class Termination(PartnerRow):
    """The end of an agreement before its term: asked for by one person, approved by another."""

    agreement = models.OneToOneField(Agreement, models.PROTECT, related_name="termination")
    ends_at = models.DateTimeField()
    reason = models.TextField()
    rest_of_term_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    asked_by = models.CharField(max_length=254)
    asked_at = models.DateTimeField()
    approved_by = models.CharField(max_length=254, blank=True, default="")
    approved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(approved_by=F("asked_by")), name="termination_four_eyes"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id} ends {self.ends_at:%Y-%m-%d}"


class RenewalNotice(FrozenRow):
    """That the end of a term comes near was said, so many days before; once."""

    version = models.ForeignKey(AgreementVersion, models.PROTECT, related_name="notices")
    days_before = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "days_before"], name="renewal_notice_once"),
        ]


class AgreementPaper(FrozenRow):
    """The written agreement of one version: its text as canonical JSON, and the PDF made of it."""

    version = models.OneToOneField(AgreementVersion, models.PROTECT, related_name="paper")
    canonical = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    pdf = models.BinaryField()
    pdf_sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField()


class AgreementPaperEvent(FrozenRow):
    """What happened to the paper: sent, or signed, with the signed copy and its hash."""

    paper = models.ForeignKey(AgreementPaper, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10)
    actor = models.CharField(max_length=254)
    note = models.TextField(blank=True, default="")
    file = models.BinaryField(null=True)
    file_sha256 = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["paper", "kind", "file_sha256"], name="agreement_paper_event_once"
            ),
        ]
