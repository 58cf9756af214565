"""What KAITO admits and refuses, rule by rule, and what we say beyond it. Pure: manifests in, flaws out.

Source of the rules: kaito-project/kaito v0.12.0, api/v1beta1 and api/v1alpha1, workspace_validation.go,
re-derived from a description of their behaviour.
"""
