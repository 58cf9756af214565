"""What stands in a request's way before AKS ever looks at it: roles, policies, registrations."""

from __future__ import annotations

from .errors import ArmError, ArmRefusal, by_arm

_CLIENT = "11111111-2222-3333-4444-555555555555"
_POLICIES = "/providers/Microsoft.Authorization"


def forbidden(action: str, scope: str) -> ArmRefusal:
    """Refuse for want of a role: action and scope are in the message alone."""
    who = f"The client '{_CLIENT}' with object id '{_CLIENT}'"
    lack = f"does not have authorization to perform action '{action}' over scope '{scope}'"
    more = "or the scope is invalid. If access was recently granted, please refresh your credentials."
    return by_arm(403, "AuthorizationFailed", f"{who} {lack} {more}")


def linked_forbidden(action: str, scope: str, linked: str, subnet: str) -> ArmRefusal:
    """Refuse for want of a role on something the resource refers to."""
    may = f"has permission to perform action '{action}' on scope '{scope}'"
    lack = f"it does not have permission to perform action '{linked}' on the linked scope(s) '{subnet}'"
    said = f"The client '{_CLIENT}' with object id '{_CLIENT}' {may}; however, {lack}"
    return by_arm(403, "LinkedAuthorizationFailed", f"{said} or the linked scope(s) are invalid.")


def disallowed(resource: str, subscription: str) -> ArmRefusal:
    """Refuse for an Azure Policy, whose names stand in `additionalInfo` alone."""
    below = f"/subscriptions/{subscription}{_POLICIES}"
    info = {
        "policyDefinitionDisplayName": "Allowed virtual machine size SKUs",
        "policyDefinitionId": f"{below}/policyDefinitions/allowed-vm-sizes",
        "policyDefinitionName": "allowed-vm-sizes",
        "policyDefinitionEffect": "Deny",
        "policyAssignmentDisplayName": "No GPUs without a cost centre",
        "policyAssignmentId": f"{below}/policyAssignments/no-gpus",
        "policyAssignmentName": "no-gpus",
        "policyAssignmentScope": f"/subscriptions/{subscription}",
        "policyAssignmentParameters": {},
    }
    said = f"Resource '{resource}' was disallowed by policy. See error details for policy resource IDs."
    violation = ({"type": "PolicyViolation", "info": info},)
    error = ArmError("RequestDisallowedByPolicy", said, target=resource, additional=violation)
    return ArmRefusal(403, error)


def not_registered(subscription: str, namespace: str) -> ArmRefusal:
    """Refuse because the subscription has never asked for this resource provider."""
    code = "MissingSubscriptionRegistration"
    said = f"The subscription '{subscription}' is not registered to use namespace '{namespace}'."
    more = "See https://aka.ms/rps-not-found for how to register subscriptions."
    why = ArmError(code, f"{said} {more}", target=namespace)
    return ArmRefusal(409, ArmError(code, f"{said} {more}", details=(why,)))
