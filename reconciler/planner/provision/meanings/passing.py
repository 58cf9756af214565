"""What passes by itself: other operations, throttling, failures of Azure's own, no answer."""

from __future__ import annotations

from reconciler.domain.provisioning import Kind

from .meaning import MINUTE, Meaning

NO_ANSWER = Meaning(
    "no answer",
    Kind.TRANSIENT,
    says=("Azure does not answer",),
    means="the network between Towline and Azure, or Azure itself; nothing is taken as gone",
    codes=("ServiceRequestError", "ServiceResponseError", "ServiceResponseTimeoutError"),
    wording=r"^(?:azure|the login to azure) did not answer",
    statuses=(0,),
    rest=30.0,
)
ROWS = (
    Meaning(
        "cluster not at rest",
        Kind.TRANSIENT,
        says=("the AKS cluster does not take changes now: {said}",),
        means="the cluster is stopped, starting, stopping or being upgraded",
        wording=r"power ?state|(?:stopped|stopping|starting) (?:managed )?cluster"
        r"|cluster is (?:stopped|stopping|starting|upgrading)",
        rest=5 * MINUTE,
    ),
    Meaning(
        "busy",
        Kind.TRANSIENT,
        says=(
            "Azure is busy with another operation ({operation})",
            "Azure is busy with another operation on the cluster",
        ),
        means="AKS does one thing at a time to a pool, and some things one at a time to a cluster",
        codes=("AnotherOperationInProgress", "ConcurrentOperation"),
        wording=r"in progress|another (?:agentpool )?operation|putextensionaddonhandler",
        rest=45.0,
    ),
    Meaning(
        "overtaken",
        Kind.TRANSIENT,
        says=("a later operation on the cluster stopped this one",),
        means="two changes met; the same is asked again",
        codes=("AKSOperationPreempted", "AKSOperationPreemptedByDelete"),
        wording=r"overrid\w+ and cancel\w+ by a later operation|has been preempted",
        rest=MINUTE,
    ),
    Meaning(
        "throttled",
        Kind.TRANSIENT,
        says=("Azure asks for fewer requests",),
        means="AKS allows about one change a minute to a pool and one look a second",
        codes=("Throttled", "TooManyRequests", "TooManyRequestsReceived", "SubscriptionRequestsThrottled"),
        statuses=(429,),
        rest=MINUTE,
    ),
    Meaning(
        "changed meanwhile",
        Kind.TRANSIENT,
        says=("somebody else changed the agent pool at the same moment",),
        means="nothing was changed; it is looked at again",
        codes=("PreconditionFailed", "ConditionNotMet"),
        statuses=(412,),
        rest=10.0,
    ),
    Meaning(
        "not there",
        Kind.TRANSIENT,
        says=("Azure does not find the agent pool or the operation: {said}", "Azure does not find it"),
        means="it is gone or not there yet; the list of all pools is read again before anything is done",
        codes=("NotFound", "AgentPoolNotFound"),
        statuses=(404,),
        rest=MINUTE,
    ),
    Meaning(
        "Azure failed",
        Kind.TRANSIENT,
        says=("Azure failed by itself: {said}", "Azure failed by itself"),
        means="an error inside Azure; the same is asked again twice, then the pool is made anew",
        codes=(
            "CreateVMSSAgentPoolFailed",
            "InternalOperationError",
            "InternalServerError",
            "ReconcileVMSSAgentPoolFailed",
            "ServerBusy",
            "ServiceUnavailable",
            "TimedoutOrCancelled",
        ),
        statuses=(408, 500, 502, 503, 504),
        rest=MINUTE,
    ),
)
