"""Who we are and what we may do: logins, roles, policies, locks, subscriptions."""

from __future__ import annotations

from reconciler.domain.provisioning import Kind

from .meaning import MINUTE, Meaning

LOGIN = "Entra login"

ROWS = (
    Meaning(
        "policy",
        Kind.PERMANENT,
        says=("the Azure policy {policy} forbids it", "an Azure policy forbids it: {said}"),
        step=("ask whoever keeps the policy for an exemption, or for what it wants set",),
        means="the company's rules for this subscription do not allow such an agent pool",
        codes=("RequestDisallowedByPolicy", "PolicyViolation"),
        wording=r"disallowed by policy",
        rest=10 * MINUTE,
    ),
    Meaning(
        "federated credential",
        Kind.PERMANENT,
        says=("Azure does not know the service account that Towline runs as",),
        step=(
            "add a federated credential for Towline's namespace and service account to its managed identity",
        ),
        means="workload identity: the identity in Azure does not trust this cluster's service account",
        codes=("AADSTS70021", "AADSTS700211", "AADSTS700212", "AADSTS700213"),
        rest=10 * MINUTE,
    ),
    Meaning(
        "secret",
        Kind.PERMANENT,
        says=("the client secret that Towline logs in to Azure with is wrong or has expired",),
        step=("make a new client secret and give it to Towline",),
        means="service principal: its secret has run out",
        codes=("AADSTS7000215", "AADSTS7000222", "InvalidClientSecret"),
        rest=10 * MINUTE,
    ),
    Meaning(
        "no token",
        Kind.PERMANENT,
        says=(
            "the token file {token_file} that Towline logs in to Azure with cannot be read",
            "Towline has nothing to log in to Azure with: {said}",
            "Towline has nothing to log in to Azure with",
        ),
        step=(
            "label Towline's pod azure.workload.identity/use=true and see that the webhook runs, "
            "or choose another login",
        ),
        means="workload identity: the token that the webhook mounts is not there",
        codes=("FileNotFoundError", "PermissionError", "OSError", "CredentialUnavailableError"),
        rest=10 * MINUTE,
    ),
    Meaning(
        "linked role",
        Kind.TRANSIENT,
        says=(
            "Towline's identity is not allowed {action} on {scope}, which the nodes would use",
            "Towline's identity may not use what the nodes would use: {said}",
        ),
        step=(
            "give {client} a role there that may, such as Network Contributor for a subnet; "
            "a new role counts after up to 10 minutes",
            "give it a role there that may, such as Network Contributor for a subnet; "
            "a new role counts after up to 10 minutes",
        ),
        means="nodes are put into a subnet or another resource on which Towline's identity has no role",
        codes=("LinkedAuthorizationFailed",),
        rest=2 * MINUTE,
    ),
    Meaning(
        "role",
        Kind.TRANSIENT,
        says=(
            "Towline's identity is not allowed {action} on {scope}",
            "Towline's identity may not do this: {said}",
            "Towline's identity may not do this",
        ),
        step=(
            "give {client} a role that may, such as Contributor on the AKS cluster; "
            "a new role counts after up to 10 minutes",
            "give it a role that may, such as Contributor on the AKS cluster; "
            "a new role counts after up to 10 minutes",
        ),
        means="a role is missing, or was given so lately that Azure does not count it yet",
        codes=("AuthorizationFailed",),
        wording=r"authorization failed for template resource",
        statuses=(403,),
        rest=2 * MINUTE,
    ),
    Meaning(
        "login",
        Kind.TRANSIENT,
        says=("Azure does not accept Towline's login: {said}", "Azure does not accept Towline's login"),
        step=("see which login Towline uses and whether it is still valid",),
        means="the token is wrong, out of date, or for another tenant",
        codes=(
            LOGIN,
            "AuthenticationFailed",
            "ClientAuthenticationError",
            "ExpiredAuthenticationToken",
            "InvalidAuthenticationToken",
            "InvalidAuthenticationTokenTenant",
        ),
        statuses=(401,),
        rest=2 * MINUTE,
    ),
    Meaning(
        "not registered",
        Kind.PERMANENT,
        says=(
            "this subscription is not registered for {provider}",
            "this subscription is not registered for the service",
        ),
        step=(
            "run az provider register --namespace {provider}",
            "run az provider register --namespace Microsoft.ContainerService",
        ),
        means="a subscription has to be registered once for each service it uses",
        codes=("MissingSubscriptionRegistration", "SubscriptionNotRegistered"),
        rest=10 * MINUTE,
    ),
    Meaning(
        "subscription disabled",
        Kind.PERMANENT,
        says=("this Azure subscription is disabled",),
        step=("have it enabled again: usually a bill, a spending limit or a credit that has run out",),
        means="nothing can be changed in it",
        codes=("ReadOnlyDisabledSubscription", "SubscriptionDisabled"),
        rest=10 * MINUTE,
    ),
    Meaning(
        "locked",
        Kind.PERMANENT,
        says=("a management lock forbids it: {said}", "a management lock forbids it"),
        step=("take the lock off the cluster's resource groups",),
        means="somebody locked the resources against changes or deletion",
        codes=("ScopeLocked", "ResourceLocked"),
        rest=10 * MINUTE,
    ),
    Meaning(
        "cluster missing",
        Kind.PERMANENT,
        says=("the AKS cluster is not where towline.yaml says: {said}", "the AKS cluster is not there"),
        step=("see spec.cluster in towline.yaml: subscription, resource group and name",),
        means="the cluster, its resource group or the subscription does not exist; nothing is taken as gone",
        codes=(
            "ParentResourceNotFound",
            "ResourceGroupNotFound",
            "ResourceNotFound",
            "SubscriptionNotFound",
        ),
        rest=10 * MINUTE,
    ),
)
