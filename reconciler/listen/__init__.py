"""The house seen from outside: /metrics, /healthz and /readyz over HTTP, when somebody asks for it.

Nothing here acts on the world. What comes in may at most fire the Trigger.
"""
